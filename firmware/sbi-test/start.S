// The way in for the first hart, for those that it starts, and for those that wake up; and traps.

#include "harts.h"

  .section .text.start, "ax", @progbits
  .globl _start
_start:
  la   t0, bss_start
  la   t1, bss_end
1:
  bgeu t0, t1, 2f
  sd   zero, 0(t0)
  addi t0, t0, 8
  j    1b
2:
  la   tp, harts
  call set_stack
  call main
1:
  j    1b

  .text
// sp from tp: each struct hart has its stack at its end.
set_stack:
  li   t0, HART_SIZE
  add  sp, tp, t0
  la   t0, trap_entry
  csrw stvec, t0
  ret

// A started hart: a0 is its id, a1 our struct hart.  What the specification promises is noted
// before anything is changed.
  .globl started, resumed
  .balign 4
started:
  mv   tp, a1
  csrr s1, satp
  csrr s2, sstatus
  call set_stack
  mv   a1, s1
  mv   a2, s2
  call secondary_main

// A hart that resumes after a suspend that lost its registers: back into run_suspended().
  .balign 4
resumed:
  mv   tp, a1
  csrr a2, satp
  csrr a3, sstatus
  csrr a4, sip
  la   t0, trap_entry
  csrw stvec, t0
  ld   sp, HART_RESUME(tp)
  ld   ra, 0(sp)
  .irp r, 0,1,2,3,4,5,6,7,8,9,10,11
  ld   s\r, 8 + 8 * \r(sp)
  .endr
  addi sp, sp, 112
  sd   a0, HART_ENTRY(tp)
  sd   a1, HART_ENTRY + 8(tp)
  sd   a2, HART_ENTRY + 16(tp)
  sd   a3, HART_ENTRY + 24(tp)
  sd   a4, HART_ENTRY + 32(tp)
  li   a0, 0
  li   a1, 1 // resumed
  ret

// run_suspended(extension, function, type): a suspend without retention.  Returns the error, and in
// a1 whether it came back through `resumed`.
  .globl run_suspended
run_suspended:
  addi sp, sp, -112
  sd   ra, 0(sp)
  .irp r, 0,1,2,3,4,5,6,7,8,9,10,11
  sd   s\r, 8 + 8 * \r(sp)
  .endr
  sd   sp, HART_RESUME(tp)
  mv   a7, a0
  mv   a6, a1
  mv   a0, a2
  la   a1, resumed
  mv   a2, tp
  ecall
  ld   ra, 0(sp)
  addi sp, sp, 112
  li   a1, 0
  ret

// call_with_patterns(arguments, results): an ecall with a0 to a7 from arguments[0..7] and a pattern in
// every other register but tp and sp.  results[0..30] are x1 to x31 afterwards.
  .globl call_with_patterns
call_with_patterns:
  addi sp, sp, -128
  sd   ra, 0(sp)
  sd   gp, 8(sp)
  .irp r, 0,1,2,3,4,5,6,7,8,9,10,11
  sd   s\r, 16 + 8 * \r(sp)
  .endr
  sd   a1, 112(sp)
  .irp r, 1,3,5,6,7,8,9,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  li   x\r, 0x5a5a000000000000 + \r
  .endr
  ld   a1, 8(a0)
  ld   a2, 16(a0)
  ld   a3, 24(a0)
  ld   a4, 32(a0)
  ld   a5, 40(a0)
  ld   a6, 48(a0)
  ld   a7, 56(a0)
  ld   a0, 0(a0)
  ecall
  sd   t0, 120(sp)
  ld   t0, 112(sp)
  .irp r, 1,2,3,4,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  sd   x\r, 8 * (\r - 1)(t0)
  .endr
  mv   t1, t0
  ld   t0, 120(sp)
  sd   t0, 8 * 4(t1)
  ld   ra, 0(sp)
  ld   gp, 8(sp)
  .irp r, 0,1,2,3,4,5,6,7,8,9,10,11
  ld   s\r, 16 + 8 * \r(sp)
  .endr
  addi sp, sp, 128
  ret

// run_as_user(function): calls it in U-mode; its ecall at the end brings us back (see trap.c).
  .globl run_as_user
run_as_user:
  addi sp, sp, -16
  sd   ra, 0(sp)
  li   t0, 1 << 8
  csrc sstatus, t0 // SPP = U
  la   t0, 1f
  csrw sepc, t0
  sret
1:
  jalr a0
  ecall
  ld   ra, 0(sp)
  addi sp, sp, 16
  ret

  .globl trap_entry
  .balign 4
trap_entry:
  addi sp, sp, -34 * 8
  .irp r, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  sd   x\r, \r * 8(sp)
  .endr
  addi t0, sp, 34 * 8
  sd   t0, 16(sp)
  csrr t0, sepc
  sd   t0, 32 * 8(sp)
  csrr t0, sstatus
  sd   t0, 33 * 8(sp)
  mv   a0, sp
  call on_trap
  ld   t0, 32 * 8(sp)
  csrw sepc, t0
  ld   t0, 33 * 8(sp)
  csrw sstatus, t0
  .irp r, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  ld   x\r, \r * 8(sp)
  .endr
  addi sp, sp, 34 * 8
  sret
