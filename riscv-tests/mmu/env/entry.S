// Start-up in machine mode, the way into supervisor mode, and the supervisor's
// way in and out of traps and of user mode.

#define MPP_S      (1 << 11)
#define SSTATUS_SPP (1 << 8)
#define PMP_ALL    0x1f            // NAPOT, readable, writable, executable
#define DELEGATED  (1 << 8 | 1 << 12 | 1 << 13 | 1 << 15)
#define STACK      4096
#define HARTS      2

// A trap's frame: the pc, then x1 to x31.
#define FRAME      (32 * 8)

  .section .text.init, "ax", @progbits
  .globl _start
_start:
  csrr a0, mhartid
  li   t0, HARTS
1:
  bgeu a0, t0, 1b
  la   sp, stacks
  li   t1, STACK
  addi t2, a0, 1
  mul  t1, t1, t2
  add  sp, sp, t1

  la   t0, machine_trap
  csrw mtvec, t0
  csrw mie, zero
  csrw mideleg, zero
  li   t0, DELEGATED
  csrw medeleg, t0
  li   t0, -1
  csrw pmpaddr0, t0
  li   t0, PMP_ALL
  csrw pmpcfg0, t0
  csrw satp, zero
  la   t0, supervisor_trap
  csrw stvec, t0
  csrw sscratch, zero
  li   t0, MPP_S
  csrw mstatus, t0
  la   t0, start
  csrw mepc, t0
  mret                             // to start(hart) in supervisor mode

// Nothing is expected here.
  .balign 4
machine_trap:
  csrr t0, mcause
  addi t0, t0, 0x100
  slli t0, t0, 1
  ori  t0, t0, 1
  la   t1, tohost
  sd   t0, 0(t1)
1:
  j    1b

// sscratch is zero in supervisor mode, and the supervisor's stack pointer in
// user mode.
  .text
  .balign 4
supervisor_trap:
  csrrw sp, sscratch, sp
  bnez sp, 1f
  csrr sp, sscratch
1:
  addi sp, sp, -FRAME
  .irp r, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  sd   x\r, \r*8(sp)
  .endr
  csrrw t0, sscratch, zero
  sd   t0, 2*8(sp)
  csrr t0, sepc
  sd   t0, 0(sp)
  mv   a0, sp
  call on_trap
  ld   t0, 0(sp)
  csrw sepc, t0
  csrr t0, sstatus
  andi t0, t0, SSTATUS_SPP
  bnez t0, 2f
  addi t0, sp, FRAME
  csrw sscratch, t0
2:
  .irp r, 1,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  ld   x\r, \r*8(sp)
  .endr
  ld   sp, 2*8(sp)
  sret

// u64 run_as_user(function, argument): calls a function of the section .user
// in user mode, with no stack, and returns what it returns.
  .globl run_as_user
run_as_user:
  addi sp, sp, -112
  sd   ra, 0(sp)
  .irp r, 0,1,2,3,4,5,6,7,8,9,10,11
  sd   s\r, 8+\r*8(sp)
  .endr
  csrw sepc, a0
  mv   a0, a1
  la   ra, user_exit
  csrw sscratch, sp
  li   t0, SSTATUS_SPP
  csrc sstatus, t0
  sret
  .globl user_returned             // on_trap comes here after user_exit
user_returned:
  ld   ra, 0(sp)
  .irp r, 0,1,2,3,4,5,6,7,8,9,10,11
  ld   s\r, 8+\r*8(sp)
  .endr
  addi sp, sp, 112
  ret

  .section .user, "ax", @progbits
user_exit:
  ecall

  .section .bss.stacks, "aw", @nobits
  .balign 16
stacks:
  .zero STACK * HARTS

  .data
  .balign 16
  .globl begin_signature, end_signature
begin_signature:
  .dword 0, 0
end_signature:

  .section .tohost, "aw", @nobits
  .balign 64
  .globl tohost, fromhost
  .type tohost, @object
  .size tohost, 8
  .type fromhost, @object
  .size fromhost, 8
tohost:
  .zero 64
fromhost:
  .zero 64
