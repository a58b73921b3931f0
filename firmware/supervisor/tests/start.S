// A Linux program begins with its arguments on the stack.
  .text
  .globl _start
_start:
  ld   a0, 0(sp)
  addi a1, sp, 8
  andi sp, sp, -16
  call main
  li   a7, 94 // exit_group
  ecall

// call(number, a, b, c, d, e, f): any system call.
  .globl call
call:
  mv   a7, a0
  mv   a0, a1
  mv   a1, a2
  mv   a2, a3
  mv   a3, a4
  mv   a4, a5
  mv   a5, a6
  ecall
  ret

// new_thread(flags, stack_top, function, argument, parent_tid, child_tid): clone; the new task
// calls function(argument) on its stack and ends.
  .globl new_thread
new_thread:
  mv   t0, a2
  mv   t1, a3
  mv   a2, a4
  mv   a4, a5
  li   a3, 0
  li   a7, 220 // clone
  ecall
  bnez a0, 1f
  mv   a0, t1
  jalr t0
  li   a7, 93 // exit
  ecall
1:
  ret
