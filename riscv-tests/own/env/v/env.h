// The paged environment: the test runs in user mode under a small supervisor
// (supervisor.c). Every page of the test is absent at first; it is mapped
// when touched, and with few frames to share it is soon taken away again.
// Traps that are not paging are given to the test as in the bare environment:
// s7..s10 are set and it goes on where `tp` says.

#include "checks.h"

.macro test_begin
  .section .user.text, "ax", @progbits
  .balign 4
  .globl user_start, fail, pass
user_start:
  fscsr zero
  check 0
  j    test_body
fail:
  slli a0, gp, 1
  ori  a0, a0, 1
  j    report
pass:
  li   a0, 1
report:
  ecall
  j    report
test_body:
.endm

.macro test_end
  j    pass
.endm

.macro test_data
  .section .user.data, "aw", @progbits
  .balign 64
.endm

// Zeroed pages, which take no room in the file.
.macro test_zeros
  .section .user.bss, "aw", @nobits
  .balign 4096
.endm

.macro must_be_illegal insn:vararg
  must_trap CAUSE_ILLEGAL, \insn
.endm
