// From reset to C, and from C down to S-mode.

#include "layout.h"

// Every hart enters here in M-mode, with a0 = its id, a1 = the device tree, a2 = what is said
// about the next stage (see next.c).  The order in which harts arrive is not known.
  .section .text.start, "ax", @progbits
  .globl _start
_start:
  csrw mie, zero
  csrw mscratch, zero // 0: we are in the firmware (entry.S)
  la   t0, trap_entry
  csrw mtvec, t0
  csrr a0, mhartid
  li   t0, MAX_HARTS
  bgeu a0, t0, park
  la   sp, stacks
  addi t0, a0, 1
  li   t1, STACK_SIZE
  mul  t0, t0, t1
  add  sp, sp, t0

  // The first hart to come wins the lottery and prepares everything.
  la   t0, boot_lottery
  li   t1, 1
  amoswap.w.aqrl t1, t1, (t0)
  bnez t1, wait_for_first

  la   t0, bss_start
  la   t1, bss_end
1:
  bgeu t0, t1, 2f
  sd   zero, 0(t0)
  addi t0, t0, 8
  j    1b
2:
  call boot_first // does not return

wait_for_first:
  la   t0, boot_ready
1:
  .word 0x0100000f // pause
  lw   t1, 0(t0)
  beqz t1, 1b
  fence r, rw
  call boot_other // does not return

park:
  wfi
  j    park

// enter_supervisor(pc, a0, a1, mstatus): leaves for S-mode with the two registers set and all
// others zero: the SBI leaves them undefined, and zero tells S-mode nothing of ours.
  .text
  .globl enter_supervisor
enter_supervisor:
  csrw mepc, a0
  csrw mstatus, a3
  // What comes next from below starts at the top of this hart's stack.
  csrr t0, mhartid
  addi t0, t0, 1
  li   t1, STACK_SIZE
  mul  t0, t0, t1
  la   t1, stacks
  add  t0, t0, t1
  csrw mscratch, t0
  mv   a0, a1
  mv   a1, a2
  .irp r, 1,2,3,4,5,6,7,8,9,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  li   x\r, 0
  .endr
  mret

// Before a reset through the SBI both go back to 0 (sbi_srst.c), in case that the memory is not
// loaded again.
  .data
  .balign 4
  .globl boot_lottery, boot_ready
boot_lottery:
  .word 0
boot_ready:
  .word 0

  .section .stacks, "aw", @nobits
  .balign 16
  .globl stacks
stacks:
  .zero MAX_HARTS * STACK_SIZE
