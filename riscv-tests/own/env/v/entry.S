// Start-up in machine mode, and the supervisor's way in and out of traps.

#include "numbers.h"

#define FRAME (32 * 8 + 8)

  .section .text.init, "ax", @progbits
  .globl _start, back_to_user, tohost, fromhost
_start:
  csrr a0, mhartid
1:
  bnez a0, 1b
  la   t0, machine_trap
  csrw mtvec, t0
  csrw mie, zero
  csrw mideleg, zero
  // Everything but the calls of the supervisor and of machine mode is its own.
  li   t0, 0xffff & ~(1 << CAUSE_ECALL_S) & ~(1 << CAUSE_ECALL_M)
  csrw medeleg, t0
  li   t0, -1
  csrw pmpaddr15, t0
  li   t0, (PMP_NAPOT | PMP_R | PMP_W | PMP_X) << 56
  csrw pmpcfg2, t0
  li   t0, 7
  csrw mcounteren, t0
  csrw scounteren, t0

  la   sp, stack_top
  call build_tables
  csrw satp, a0
  sfence.vma

  // The supervisor goes on at its high alias.
  li   t1, 0xffffffff00000000
  la   t0, supervisor
  or   t0, t0, t1
  csrw mepc, t0
  or   sp, sp, t1
  li   t0, MODE_S << 11 | MSTATUS_FS
  csrw mstatus, t0
  mret

supervisor:
  la   t0, supervisor_trap
  csrw stvec, t0
  la   a0, frame
  csrw sscratch, a0
  call first_frame
  j    back_to_user

  .balign 4
supervisor_trap:
  csrrw sp, sscratch, sp
  .irp r, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  sd   x\r, \r*8(sp)
  .endr
  csrr t0, sscratch
  sd   t0, 2*8(sp)
  csrr t0, sepc
  sd   t0, 0(sp)
  mv   a0, sp
  csrw sscratch, sp
  la   sp, stack_top
  call on_trap
  la   a0, frame
back_to_user:
  ld   t0, 0(a0)
  csrw sepc, t0
  .irp r, 1,2,3,4,5,6,7,8,9,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  ld   x\r, \r*8(a0)
  .endr
  ld   a0, 10*8(a0)
  sret

// The supervisor stops the machine through a call to machine mode; any other
// trap there is a failure that no check owns.
  .balign 4
machine_trap:
  csrr t0, mcause
  li   t1, CAUSE_ECALL_S
  beq  t0, t1, 1f
  addi t0, t0, 1
  slli t0, t0, 48
  srli t0, t0, 31
  ori  a0, t0, 1
1:
  la   t1, tohost
  sd   a0, 0(t1)
2:
  j    2b

  .section .bss, "aw", @nobits
  .balign 16
frame:
  .zero FRAME
  .balign 16
  .zero 2048
stack_top:

  .section .tohost, "aw", @nobits
  .balign 64
  .type tohost, @object
  .size tohost, 8
  .type fromhost, @object
  .size fromhost, 8
tohost:
  .zero 64
fromhost:
  .zero 64
