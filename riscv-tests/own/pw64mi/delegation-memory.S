// Access faults, page faults and misaligned atomics are delegated like every
// other exception, with the address in stval (privileged manual, "Machine
// Trap Delegation Registers").
// env: p
#include "env.h"

.macro case n, mode, cause, insn:vararg
  check \n
  enter \mode
  must_trap \cause, \insn
  expect s7, MODE_S
  expect_same s9, s0
  csrr a0, scause
  expect a0, \cause
  csrr a0, stval
  expect_same a0, s0
  to_machine
.endm

test_begin
  // A page that no one below machine mode may touch.
  la   s0, denied
  srli t0, s0, 2
  ori  t0, t0, 0x1ff
  csrw pmpaddr0, t0
  li   t0, PMP_NAPOT
  csrw pmpcfg0, t0
  li   t0, 1 << CAUSE_FETCH_ACCESS | 1 << CAUSE_LOAD_ACCESS | 1 << CAUSE_STORE_ACCESS
  csrw medeleg, t0
  case 1, MODE_U, CAUSE_LOAD_ACCESS, lb a0, 0(s0)
  case 2, MODE_S, CAUSE_LOAD_ACCESS, ld a0, 0(s0)
  case 3, MODE_U, CAUSE_STORE_ACCESS, sb a0, 0(s0)
  case 4, MODE_S, CAUSE_STORE_ACCESS, sd a0, 0(s0)
  case 5, MODE_S, CAUSE_STORE_ACCESS, amoadd.w a0, a0, (s0)
  case 6, MODE_S, CAUSE_LOAD_ACCESS, lr.w a0, (s0)
  check 7
  enter MODE_U
  la   tp, 1f
  jr   s0
1:
  expect s7, MODE_S
  expect s8, CAUSE_FETCH_ACCESS
  expect_same s9, s0
  expect_same s10, s0
  to_machine

  // Misaligned atomics, of either cause that the manual allows.
  check 8
  li   t0, 1 << CAUSE_LOAD_MISALIGNED | 1 << CAUSE_STORE_MISALIGNED | 1 << CAUSE_LOAD_ACCESS | 1 << CAUSE_STORE_ACCESS
  csrw medeleg, t0
  la   s0, page + 1
  enter MODE_U
  must_trap_misaligned CAUSE_STORE_MISALIGNED, amoadd.w a0, a0, (s0)
  expect s7, MODE_S
  expect_same s9, s0
  to_machine
  check 9
  enter MODE_S
  must_trap_misaligned CAUSE_LOAD_MISALIGNED, lr.w a0, (s0)
  expect s7, MODE_S
  expect_same s9, s0
  to_machine

  // Page faults from supervisor mode, whose code is a gigabyte page.
  la   t0, root
  li   t1, 0x80000000 >> 12 << 10 | PTE_RWXAD
  sd   t1, 2 * 8(t0)
  srli t0, t0, 12
  li   t1, SATP_SV39
  or   t0, t0, t1
  csrw satp, t0
  sfence.vma
  li   t0, 1 << CAUSE_FETCH_PAGE | 1 << CAUSE_LOAD_PAGE | 1 << CAUSE_STORE_PAGE
  csrw medeleg, t0
  li   s0, 0x40001000
  case 10, MODE_S, CAUSE_LOAD_PAGE, lb a0, 0(s0)
  case 11, MODE_S, CAUSE_STORE_PAGE, sd a0, 0(s0)
  case 12, MODE_S, CAUSE_STORE_PAGE, amoswap.d a0, a0, (s0)
  case 13, MODE_S, CAUSE_LOAD_PAGE, lr.d a0, (s0)
  case 14, MODE_S, CAUSE_STORE_PAGE, sc.d a0, a0, (s0)
  check 15
  enter MODE_S
  la   tp, 1f
  jr   s0
1:
  expect s7, MODE_S
  expect s8, CAUSE_FETCH_PAGE
  expect_same s9, s0
  to_machine
test_end

test_zeros
root:
  .zero 4096
denied:
  .zero 4096
page:
  .zero 4096
