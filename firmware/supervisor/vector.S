// The way into the kernel and back, the switch from one task to another, and the only
// instructions that touch the memory of a process.
//
// While user mode runs, sscratch holds the place for its registers, at the top of the task's
// kernel stack.  While the kernel runs it holds 0.

#include "layout.h"

  .macro save_registers
  sd   x1, 8(sp)
  .irp r, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  sd   x\r, \r * 8(sp)
  .endr
  .endm

  .macro restore_registers
  ld   t0, REGISTERS_PC(sp)
  csrw sepc, t0
  ld   t0, REGISTERS_STATUS(sp)
  csrw sstatus, t0
  ld   x1, 8(sp)
  .irp r, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  ld   x\r, \r * 8(sp)
  .endr
  ld   sp, 16(sp)
  .endm

  .text
  .globl trap_entry, return_to_user, task_start
  .balign 4
trap_entry:
  csrrw sp, sscratch, sp
  beqz sp, from_kernel
  save_registers
  csrrw t0, sscratch, zero
  sd   t0, 16(sp)
  csrr t0, sepc
  sd   t0, REGISTERS_PC(sp)
  csrr t0, sstatus
  sd   t0, REGISTERS_STATUS(sp)
  mv   a0, sp
  call trap_from_user
return_to_user: // sp = the registers
  csrw sscratch, sp
  restore_registers
  sret

// enter_first(registers): from the boot stack to user mode.
  .globl enter_first
enter_first:
  mv   sp, a0
  j    return_to_user

// A new task begins here, on its own kernel stack.
task_start:
  mv   a0, sp
  call task_begins
  j    return_to_user

from_kernel:
  csrrw sp, sscratch, zero
  addi sp, sp, -REGISTERS_SIZE
  // Has the stack run into its guard page?  Bits 13 and 12 are zero there.  (The boot stack is in
  // the image, where bit 31 is set.)
  csrw sscratch, t0
  slli t0, sp, 32
  bltz t0, 1f
  srli t0, sp, 12
  andi t0, t0, 3
  beqz t0, overflow
1:
  csrrw t0, sscratch, zero
  save_registers
  addi t0, sp, REGISTERS_SIZE
  sd   t0, 16(sp)
  csrr t0, sepc
  sd   t0, REGISTERS_PC(sp)
  csrr t0, sstatus
  sd   t0, REGISTERS_STATUS(sp)
  li   t1, 1 << 18
  csrc sstatus, t1 // SUM
  mv   a0, sp
  call trap_from_kernel
  restore_registers
  sret

overflow:
  la   sp, emergency_stack_end
  call stack_overflow

// switch_context(from, to): saves what a C function must keep, and goes on where `to` stopped.
  .globl switch_context
switch_context:
  sd   ra, 0(a0)
  sd   sp, 8(a0)
  .irp r, 0,1,2,3,4,5,6,7,8,9,10,11
  sd   s\r, 16 + \r * 8(a0)
  .endr
  ld   ra, 0(a1)
  ld   sp, 8(a1)
  .irp r, 0,1,2,3,4,5,6,7,8,9,10,11
  ld   s\r, 16 + \r * 8(a1)
  .endr
  ret

// save_floats(at), restore_floats(at): f0 to f31 and fcsr.
  .globl save_floats, restore_floats
save_floats:
  .irp r, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  fsd  f\r, \r * 8(a0)
  .endr
  frcsr t0
  sw   t0, 256(a0)
  ret
restore_floats:
  .irp r, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  fld  f\r, \r * 8(a0)
  .endr
  lw   t0, 256(a0)
  fscsr t0
  ret

// Copies between the kernel and a process.  SUM is set only in here.  A page fault that cannot be
// mended leads to user_access_fault, and the function returns -EFAULT: none of them uses the
// stack, so ra is still where the caller is.  The callers (user.c) have checked that the address
// is in the lower half.
  .globl user_access_start, user_access_end, user_access_fault
  .globl user_copy, user_clear, user_text, user_load32, user_compare_swap32
user_access_start:

// user_copy(to, from, size): one of both is a process's.
user_copy:
  li   t0, 1 << 18
  csrs sstatus, t0
  or   t1, a0, a1
  andi t1, t1, 7
  bnez t1, 3f
  li   t2, 32
1:
  bltu a2, t2, 2f
  ld   t3, 0(a1)
  ld   t4, 8(a1)
  ld   t5, 16(a1)
  ld   t6, 24(a1)
  sd   t3, 0(a0)
  sd   t4, 8(a0)
  sd   t5, 16(a0)
  sd   t6, 24(a0)
  addi a0, a0, 32
  addi a1, a1, 32
  addi a2, a2, -32
  j    1b
2:
  li   t2, 8
4:
  bltu a2, t2, 3f
  ld   t3, 0(a1)
  sd   t3, 0(a0)
  addi a0, a0, 8
  addi a1, a1, 8
  addi a2, a2, -8
  j    4b
3:
  beqz a2, user_access_done
  lb   t3, 0(a1)
  sb   t3, 0(a0)
  addi a0, a0, 1
  addi a1, a1, 1
  addi a2, a2, -1
  j    3b

// user_clear(to, size)
user_clear:
  li   t0, 1 << 18
  csrs sstatus, t0
1:
  beqz a1, user_access_done
  sb   zero, 0(a0)
  addi a0, a0, 1
  addi a1, a1, -1
  j    1b

// user_text(to, from, size): up to and with the NUL; its length, or size if there is none.
user_text:
  li   t0, 1 << 18
  csrs sstatus, t0
  mv   t1, zero
1:
  beq  t1, a2, 2f
  add  t2, a1, t1
  lb   t3, 0(t2)
  add  t2, a0, t1
  sb   t3, 0(t2)
  beqz t3, 2f
  addi t1, t1, 1
  j    1b
2:
  csrc sstatus, t0
  mv   a0, t1
  ret

// user_load32(at, value)
user_load32:
  li   t0, 1 << 18
  csrs sstatus, t0
  lw   t1, 0(a0)
  csrc sstatus, t0
  sw   t1, 0(a1)
  mv   a0, zero
  ret

// user_compare_swap32(at, expected, new, old): the old value to *old.
user_compare_swap32:
  li   t0, 1 << 18
  csrs sstatus, t0
  sext.w a1, a1
1:
  lr.w.aqrl t1, (a0)
  bne  t1, a1, 2f
  sc.w.rl t2, a2, (a0)
  bnez t2, 1b
2:
  csrc sstatus, t0
  sw   t1, 0(a3)
  mv   a0, zero
  ret

user_access_done:
  csrc sstatus, t0
  mv   a0, zero
  ret
user_access_end:

user_access_fault:
  li   a0, -14 // EFAULT
  ret

// What a signal handler returns to, in a page that every process has mapped (signal.c).  The first
// instruction is not a compressed one: unwinders know these eight bytes.
  .section .rodata
  .balign 4
  .globl signal_code, signal_code_end
signal_code:
  .option push
  .option norvc
  li   a7, 139 // rt_sigreturn
  ecall
  .option pop
signal_code_end:

  .section .uncleared, "aw", @nobits
  .balign 16
  .zero 4096
emergency_stack_end:
