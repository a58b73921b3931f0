// mseccfg.MMWP: machine mode too may only touch what an entry matches; the bit
// stays until reset (Smepmp).
// env: p
#include "env.h"
#include "pmp.h"

test_begin
  // Entries for all that the test needs: entry 15 is the whole of memory. Move
  // it to two ranges that leave out `area`.
  la   s0, area
  srli t0, s0, 2
  csrw pmpaddr0, t0
  li   t1, 1024
  add  t1, t0, t1
  csrw pmpaddr1, t1
  li   t1, -1
  csrw pmpaddr2, t1
  // 0: up to area, 1: off (but a bound), 2: above area.
  pmp_config (PMP_TOR | PMP_R | PMP_W | PMP_X) | (PMP_TOR | PMP_R | PMP_W | PMP_X) << 16
  csrw pmpcfg2, zero
  check 1
  lw   a0, 0(s0)
  sw   a0, 0(s0)
  csrr a0, CSR_MSECCFG
  expect_bits a0, 7, 0
  check 2
  csrsi CSR_MSECCFG, 2
  csrr a0, CSR_MSECCFG
  expect_bits a0, 7, 2
  must_trap CAUSE_LOAD_ACCESS, lw a0, 0(s0)
  must_trap CAUSE_STORE_ACCESS, sw a0, 0(s0)
  fetch_denied MODE_M, s0
  check 3
  lw   a0, -4(s0)
  sw   a0, -4(s0)
  // Sticky.
  check 4
  csrci CSR_MSECCFG, 2
  csrr a0, CSR_MSECCFG
  expect_bits a0, 2, 2
  // An entry that matches, without L, leaves machine mode free.
  check 5
  pmp_config (PMP_TOR | PMP_R | PMP_W | PMP_X) | PMP_TOR << 8 | (PMP_TOR | PMP_R | PMP_W | PMP_X) << 16
  lw   a0, 0(s0)
  sw   a0, 0(s0)
  load_denied MODE_S, lw a0, 0(s0)
test_end

test_zeros
  .zero 4096
area:
  .zero 4096
