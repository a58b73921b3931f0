// From the SBI's entry to C in the upper half.

#include "layout.h"

// We come here at the physical address, with translation off: a0 = hart, a1 = the device tree.
// Until satp is written every address is taken relative to the pc, and so is physical.
  .section .text.start, "ax", @progbits
  .globl _start
_start:
  csrw sie, zero
  csrw sscratch, zero // 0: we are in the kernel (vector.S)
  la   sp, boot_stack_end
  la   t0, bss_start
  la   t1, bss_end
1:
  bgeu t0, t1, 2f
  sd   zero, 0(t0)
  addi t0, t0, 8
  j    1b
2:
  mv   s0, a0
  mv   a0, a1
  call boot_tables // a0 = the new satp

  // The table maps the image in the upper half only.  So the fetch after the write of satp faults,
  // and the trap leads to where we want to be.
  li   t0, -1
  slli t0, t0, 32 // IMAGE_OFFSET
  la   t1, 3f
  add  t1, t1, t0
  csrw stvec, t1
  sfence.vma
  csrw satp, a0
  .balign 4
3:
  sfence.vma
  la   t0, trap_entry
  csrw stvec, t0
  la   sp, boot_stack_end
  mv   a0, s0
  mv   s0, zero
  mv   ra, zero
  call main

  .section .uncleared, "aw", @nobits
  .balign 16
  .zero 8192
boot_stack_end:
