// From reset in machine mode to supervisor() in supervisor mode. There are no traps to handle: one would stop here.

#define PMP_ALL 0x1f // NAPOT, readable, writable, executable
#define MPP_S   (1 << 11)

  .section .text.init, "ax", @progbits
  .globl _start
_start:
  la   t0, lost
  csrw mtvec, t0
  csrw stvec, t0
  li   t0, -1
  csrw pmpaddr0, t0
  li   t0, PMP_ALL
  csrw pmpcfg0, t0
  la   sp, stack_top
  la   t0, supervisor
  csrw mepc, t0
  li   t0, MPP_S
  csrw mstatus, t0
  mret

  .balign 4
lost:
  j    lost

  .section .tohost, "aw", @nobits
  .balign 4096
  .globl tohost
  .type tohost, @object
  .size tohost, 8
tohost:
  .zero 64

  .section .stack, "aw", @nobits
  .balign 4096
  .zero 4096
stack_top:
