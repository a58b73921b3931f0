// The way into the trap handler and back.
//
// While S- or U-mode runs, mscratch holds the top of this hart's stack.  While the firmware runs it
// holds 0: a trap that finds 0 there came from the firmware itself, which is an error (except where
// mtvec leads elsewhere for one instruction: see TRY in csr.h).

#include "layout.h"

  .text
  .globl trap_entry
  .balign 4
trap_entry:
  csrrw sp, mscratch, sp
  beqz sp, trap_in_firmware
  addi sp, sp, -FRAME_SIZE
  sd   x1, 8(sp)
  .irp r, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  sd   x\r, \r * 8(sp)
  .endr
  sd   zero, 0(sp)
  csrrw t0, mscratch, zero
  sd   t0, 16(sp) // their sp
  csrr t0, mepc
  sd   t0, FRAME_MEPC(sp)
  csrr t0, mstatus
  sd   t0, FRAME_MSTATUS(sp)
  mv   a0, sp
  call trap

  ld   t0, FRAME_MEPC(sp)
  csrw mepc, t0
  ld   t0, FRAME_MSTATUS(sp)
  csrw mstatus, t0
  addi t0, sp, FRAME_SIZE
  csrw mscratch, t0
  ld   x1, 8(sp)
  .irp r, 3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  ld   x\r, \r * 8(sp)
  .endr
  ld   sp, 16(sp)
  mret

// Nothing is trusted any more, not even sp: take the hart's stack from its top.
trap_in_firmware:
  csrr a3, mhartid
  addi t0, a3, 1
  li   t1, STACK_SIZE
  mul  t0, t0, t1
  la   sp, stacks
  add  sp, sp, t0
  csrr a0, mcause
  csrr a1, mepc
  csrr a2, mtval
  call panic_trap
