// Floating-point registers by number: the number of a register stands in the instruction, so there
// is one pair of instructions for each.  Used only after a floating-point load or store trapped
// as misaligned, so the unit is there and on.

  .macro by_number name, instruction, result
  .globl \name
  .balign 4
\name:
  la   t0, 1f
  slli a0, a0, 3
  add  t0, t0, a0
  jr   t0
  .balign 8
1:
  .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
  .balign 8
  .if \result
  \instruction a0, f\n
  .else
  \instruction f\n, a1
  .endif
  ret
  .endr
  .endm

  .text
  by_number float_read_single, fmv.x.w, 1
  by_number float_read_double, fmv.x.d, 1
  by_number float_write_single, fmv.w.x, 0
  by_number float_write_double, fmv.d.x, 0
