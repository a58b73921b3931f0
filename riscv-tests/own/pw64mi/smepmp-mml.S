// mseccfg.MML gives each of the sixteen values of L, R, W, X its own meaning:
// rules for machine mode only, for the others only, and shared regions
// (Smepmp, "Truth Table when mseccfg.MML is set").
// env: p
#include "env.h"
#include "pmp.h"

// Entry 4 is the region under test. rlb keeps locked entries editable.
.macro region bits
  li   t6, 0xff << 32
  csrc pmpcfg0, t6
  li   t6, (\bits | PMP_NAPOT) << 32
  csrs pmpcfg0, t6
  // The value is legal, so it is there.
  csrr t5, pmpcfg0
  srli t5, t5, 32
  andi t5, t5, 0xff
  li   t6, \bits | PMP_NAPOT
  bne  t5, t6, fail
.endm

.macro load mode, ok
  .if \ok
  allowed \mode, lw a0, 0(s0)
  .else
  load_denied \mode, lw a0, 0(s0)
  .endif
.endm
.macro store mode, ok
  .if \ok
  allowed \mode, sw s1, 0(s0)
  .else
  store_denied \mode, sw s1, 0(s0)
  .endif
.endm
.macro fetch mode, ok
  .if \ok
  la   tp, 95f
  go \mode, s0
95:
  expect_same s10, s0
  li   t6, CAUSE_FETCH_ACCESS
  beq  s8, t6, fail
  .else
  fetch_denied \mode, s0
  .endif
.endm

// Permissions of machine mode, then of supervisor and user mode.
.macro case n, bits, m_r, m_w, m_x, u_r, u_w, u_x
  check \n
  region \bits
  load MODE_M, \m_r
  store MODE_M, \m_w
  fetch MODE_M, \m_x
  check \n + 1
  load MODE_S, \u_r
  store MODE_S, \u_w
  fetch MODE_S, \u_x
  load MODE_U, \u_r
  store MODE_U, \u_w
  fetch MODE_U, \u_x
.endm

test_begin
  // Under MML an ordinary rule with X is not executable for machine mode, so
  // this code needs a locked one: entry 0 from 0 to the end of the code, L R X.
  // Entry 1 is the data beyond, for machine mode (L R W), and the mailbox.
  la   t0, area
  srli t0, t0, 2
  csrw pmpaddr0, t0
  li   t1, -1
  csrw pmpaddr5, t1
  la   s0, area
  srli t0, s0, 2
  ori  t0, t0, 0x1ff
  csrw pmpaddr4, t0
  li   s1, 0x00000073 // ecall
  sw   s1, 0(s0)
  fence.i
  // Rule-locking bypass first, then the rules, then MML.
  check 1
  csrsi CSR_MSECCFG, 4
  csrr a0, CSR_MSECCFG
  expect_bits a0, 7, 4
  li   t0, (PMP_L | PMP_TOR | PMP_R | PMP_X) | (PMP_L | PMP_NAPOT | PMP_R | PMP_W) << 40
  csrw pmpcfg0, t0
  csrw pmpcfg2, zero
  csrsi CSR_MSECCFG, 1
  csrr a0, CSR_MSECCFG
  expect_bits a0, 7, 5

  case 10, 0, 0,0,0, 0,0,0
  case 12, PMP_X, 0,0,0, 0,0,1
  case 14, PMP_W, 1,1,0, 1,0,0
  case 16, PMP_W | PMP_X, 1,1,0, 1,1,0
  case 18, PMP_R, 0,0,0, 1,0,0
  case 20, PMP_R | PMP_X, 0,0,0, 1,0,1
  case 22, PMP_R | PMP_W, 0,0,0, 1,1,0
  case 24, PMP_R | PMP_W | PMP_X, 0,0,0, 1,1,1
  case 26, PMP_L, 0,0,0, 0,0,0
  case 28, PMP_L | PMP_X, 0,0,1, 0,0,0
  case 30, PMP_L | PMP_W, 0,0,1, 0,0,1
  case 32, PMP_L | PMP_W | PMP_X, 1,0,1, 0,0,1
  case 34, PMP_L | PMP_R, 1,0,0, 0,0,0
  case 36, PMP_L | PMP_R | PMP_X, 1,0,1, 0,0,0
  case 38, PMP_L | PMP_R | PMP_W, 1,1,0, 0,0,0
  case 40, PMP_L | PMP_R | PMP_W | PMP_X, 1,0,0, 1,0,0
  // MML stays until reset.
  check 50
  csrci CSR_MSECCFG, 1
  csrr a0, CSR_MSECCFG
  expect_bits a0, 1, 1
  // Memory that no entry matches: machine mode may read and write it, not run
  // it. (Entry 5 off; entries 0 and 4 remain.)
  check 51
  li   t0, 0xff << 40
  csrc pmpcfg0, t0
  li   t0, 4096
  add  s2, s0, t0
  sw   s1, 0(s2)
  lw   a0, 0(s2)
  fetch_denied MODE_M, s2
  load_denied MODE_S, lw a0, 0(s2)
test_end

test_zeros
area:
  .zero 8192
