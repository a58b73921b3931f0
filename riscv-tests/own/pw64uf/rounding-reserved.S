// Rounding modes 5 and 6 in an instruction, and 5 to 7 in frm for one that
// rounds by frm, are illegal; instructions that do not round by frm do not
// care (unprivileged manual, "Floating-Point Control and Status Register").
// env: p v
#include "env.h"

test_begin
  .irp mode, 5, 6, 7
  check 1 + \mode
  csrwi frm, \mode
  csrr a0, frm
  expect a0, \mode
  must_be_illegal fadd.s fa0, fa0, fa0, dyn
  must_be_illegal fmul.d fa0, fa0, fa0, dyn
  must_be_illegal fdiv.d fa0, fa0, fa0, dyn
  must_be_illegal fsqrt.s fa0, fa0, dyn
  must_be_illegal fmadd.d fa0, fa0, fa0, fa0, dyn
  must_be_illegal fcvt.w.d a0, fa0, dyn
  must_be_illegal fcvt.s.l fa0, a0, dyn
  must_be_illegal fcvt.s.d fa0, fa0, dyn
  must_be_illegal fadd.h fa0, fa0, fa0, dyn
  // A mode of their own, or none at all.
  fadd.s fa0, fa0, fa0, rne
  fsgnj.d fa0, fa0, fa0
  feq.s a0, fa0, fa0
  fclass.d a0, fa0
  fmv.x.d a0, fa0
  fmin.s fa0, fa0, fa0
  .endr
  csrwi frm, 0
  // In the instruction: fadd.s, fmul.d, fcvt.w.s with modes 5 and 6.
  check 10
  must_be_illegal .word 0x00a55553
  must_be_illegal .word 0x00a56553
  must_be_illegal .word 0x12a55553
  must_be_illegal .word 0xc0056553
test_end
