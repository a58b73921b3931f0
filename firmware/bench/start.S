// From reset to main(), and the ways into trap handlers and back.

  .section .text.init, "ax", @progbits
  .globl _start
_start:
  csrr t0, mhartid
1:
  bnez t0, 1b
  mv   a0, a1 // the device tree
  la   sp, stack_top
  la   t0, machine_trap
  csrw mtvec, t0
  csrw mscratch, zero
  li   t0, 3 << 13 // FS: floating point may be used
  csrs mstatus, t0

  // Let the other modes reach all of memory (one PMP entry over everything), and read the counters.
  li   t0, -1
  csrw pmpaddr0, t0
  li   t0, 0x1f
  csrw pmpcfg0, t0
  li   t0, 7
  csrw mcounteren, t0
  csrw scounteren, t0
  j    main

// save_frame CSR: makes a struct frame on the stack. The CSR holds the kernel's stack while user mode runs, and
// else 0: then the stack is in use already.
.macro save_frame scratch, pc, status
  csrrw sp, \scratch, sp
  bnez sp, 1f
  csrr sp, \scratch
1:
  addi sp, sp, -34 * 8
  .irp r, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  sd   x\r, \r * 8(sp)
  .endr
  csrrw t0, \scratch, zero
  sd   t0, 2 * 8(sp)
  csrr t0, \pc
  sd   t0, 32 * 8(sp)
  csrr t0, \status
  sd   t0, 33 * 8(sp)
.endm

.macro restore_frame pc, status
  ld   t0, 32 * 8(sp)
  csrw \pc, t0
  ld   t0, 33 * 8(sp)
  csrw \status, t0
  .irp r, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  ld   x\r, \r * 8(sp)
  .endr
  ld   sp, 2 * 8(sp)
.endm

  .balign 4
machine_trap:
  save_frame mscratch, mepc, mstatus
  mv   a0, sp
  csrr a1, mcause
  csrr a2, mtval
  ld   t0, on_trap
  jalr t0
  restore_frame mepc, mstatus
  mret

  .globl supervisor_trap
  .balign 4
supervisor_trap:
  save_frame sscratch, sepc, sstatus
  mv   a0, sp
  csrr a1, scause
  csrr a2, stval
  ld   t0, on_trap
  jalr t0
  ld   t0, 33 * 8(sp)
  andi t0, t0, 1 << 8 // SPP
  bnez t0, 1f
  addi t0, sp, 34 * 8
  csrw sscratch, t0
1:
  restore_frame sepc, sstatus
  sret

// Machine mode's part while the kernel runs in supervisor mode: it sets the timer when asked, and turns
// machine timer interrupts into the supervisor's. Anything else goes to on_trap, which ends the run.
  .globl monitor
  .balign 4
monitor:
  csrrw sp, mscratch, sp
  sd   t0, -8(sp)
  csrr t0, mcause
  bltz t0, monitor_timer
  addi t0, t0, -9 // environment call from S-mode
  bnez t0, monitor_lost
  // set_timer: a0 is the time.
  li   t0, 0x2004000 // mtimecmp of hart 0
  sd   a0, 0(t0)
  li   t0, 1 << 5 // STIP
  csrc mip, t0
  li   t0, 1 << 7 // MTIE
  csrs mie, t0
  csrr t0, mepc
  addi t0, t0, 4
  csrw mepc, t0
  j    monitor_return
monitor_timer:
  li   t0, 1 << 7
  csrc mie, t0
  li   t0, 1 << 5
  csrs mip, t0
monitor_return:
  ld   t0, -8(sp)
  csrrw sp, mscratch, sp
  mret
monitor_lost:
  ld   t0, -8(sp)
  csrrw sp, mscratch, sp
  csrw mscratch, zero
  j    machine_trap

// to_supervisor(function): goes to supervisor mode and calls it, on the same stack.
  .globl to_supervisor
to_supervisor:
  csrw mepc, a0
  la   t0, monitor
  csrw mtvec, t0
  la   t0, monitor_stack_top
  csrw mscratch, t0
  li   t0, 3 << 11 // MPP
  csrc mstatus, t0
  li   t0, 1 << 11 // S
  csrs mstatus, t0
  mret

// run_user(function, stack): calls it in user mode. It ends with leave_user().
  .globl run_user
run_user:
  addi sp, sp, -14 * 8
  sd   ra, 0(sp)
  .irp r, 0,1,2,3,4,5,6,7,8,9,10,11
  sd   s\r, 8 + 8 * \r(sp)
  .endr
  csrw sscratch, sp
  sd   sp, kernel_stack, t0
  csrw sepc, a0
  li   t0, 1 << 8 // SPP
  csrc sstatus, t0
  mv   sp, a1
  sret

// leave_user(): called in the trap handler; returns from run_user().
  .globl leave_user
leave_user:
  ld   sp, kernel_stack
  csrw sscratch, zero
  ld   ra, 0(sp)
  .irp r, 0,1,2,3,4,5,6,7,8,9,10,11
  ld   s\r, 8 + 8 * \r(sp)
  .endr
  addi sp, sp, 14 * 8
  ret

  .section .tohost, "aw", @nobits
  .globl tohost, fromhost
  .balign 4096
  .type tohost, @object
  .size tohost, 8
  .type fromhost, @object
  .size fromhost, 8
tohost:
  .dword 0
  .balign 64
fromhost:
  .dword 0

  .section .bss, "aw", @nobits
  .balign 16
kernel_stack:
  .dword 0
  .balign 16
  .zero 64
monitor_stack_top:
  .zero 16384
stack_top:
