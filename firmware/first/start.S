// From reset in machine mode to supervisor() in supervisor mode, and the way
// in and out of the page-fault handler.

  .section .text.init, "ax", @progbits
  .globl _start, tohost, fromhost, read_word
_start:
  csrr a0, mhartid
1:
  bnez a0, 1b
  la   sp, stack_top
  la   t0, lost
  csrw mtvec, t0

  // Let supervisor mode reach all of memory: one PMP entry over everything.
  li   t0, -1
  csrw pmpaddr0, t0
  li   t0, 0x1f
  csrw pmpcfg0, t0

  // Page faults are the supervisor's own business: causes 12, 13 and 15.
  li   t0, 1 << 12 | 1 << 13 | 1 << 15
  csrw medeleg, t0
  la   t0, page_fault_entry
  csrw stvec, t0

  la   t0, supervisor
  csrw mepc, t0
  li   t0, 1 << 11 // MPP = S
  csrw mstatus, t0
  mret

// Any other trap: stop with exit code 1.
  .balign 4
lost:
  la   t0, tohost
  li   t1, 3
  sd   t1, 0(t0)
1:
  j    1b

// read_word(address): the one instruction that faults.
read_word:
  ld   a0, 0(a0)
  ret

  .balign 4
page_fault_entry:
  addi sp, sp, -32 * 8
  sd   ra, 8(sp)
  .irp r, 5,6,7,10,11,12,13,14,15,16,17,28,29,30,31
  sd   x\r, \r * 8(sp)
  .endr
  csrr a0, scause
  csrr a1, stval
  csrr a2, sepc
  call page_fault
  ld   ra, 8(sp)
  .irp r, 5,6,7,10,11,12,13,14,15,16,17,28,29,30,31
  ld   x\r, \r * 8(sp)
  .endr
  addi sp, sp, 32 * 8
  sret

  .section .tohost, "aw", @nobits
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
  .zero 4096
stack_top:
