// What a program may not do traps with its own pc and changes nothing:
// illegal instructions, privileged ones, registers of other modes
// (privileged manual, "Privilege Levels").
// env: v
#include "env.h"

.macro case n, cause, insn:vararg
  check \n
  li   a0, 77
  must_trap \cause, \insn
  expect a0, 77
  // The mode that the trap came from is user mode.
  expect_bits s6, MSTATUS_SPP, 0
.endm

test_begin
  case 1, CAUSE_ILLEGAL, .word 0
  case 2, CAUSE_ILLEGAL, csrr a0, sstatus
  case 3, CAUSE_ILLEGAL, csrr a0, mstatus
  case 4, CAUSE_ILLEGAL, csrr a0, satp
  case 5, CAUSE_ILLEGAL, csrw cycle, zero
  case 6, CAUSE_ILLEGAL, sret
  case 7, CAUSE_ILLEGAL, mret
  case 8, CAUSE_ILLEGAL, sfence.vma
  case 9, CAUSE_BREAKPOINT, ebreak
  case 10, CAUSE_ECALL_U, ecall
  expect_tval 0
  // Addresses outside of the program.
  li   s0, 0x1000
  case 11, CAUSE_LOAD_PAGE, ld a0, 0(s0)
  expect_same s9, s0
  li   s0, 0xffffffff80000000
  case 12, CAUSE_LOAD_PAGE, ld a0, 0(s0)
  expect_same s9, s0
  case 13, CAUSE_STORE_PAGE, sd a0, 8(s0)
  li   s0, 0x8000000080000000
  case 14, CAUSE_LOAD_PAGE, lb a0, 0(s0)
  expect_same s9, s0
  case 15, CAUSE_STORE_PAGE, amoadd.w a0, a0, (s0)
  check 16
  la   tp, 1f
  jr   s0
1:
  expect s8, CAUSE_FETCH_PAGE
  expect_same s9, s0
  expect_same s10, s0
  // The counters that the supervisor opened.
  check 17
  rdcycle a0
  rdinstret a1
  rdtime a2
  rdcycle a3
  rdinstret a4
  bgeu a0, a3, fail
  bgeu a1, a4, fail
test_end
