// fflags and frm are parts of fcsr; its upper bits are reserved and read 0;
// flags gather until they are cleared (unprivileged manual, "Floating-Point
// Control and Status Register").
// env: p v
#include "env.h"

test_begin
  check 1
  li   t0, 0xff
  csrw fcsr, t0
  csrr a0, fflags
  expect a0, 0x1f
  csrr a0, frm
  expect a0, 7
  csrr a0, fcsr
  expect a0, 0xff
  check 2
  csrwi fflags, 0
  csrr a0, fcsr
  expect a0, 0xe0
  csrwi frm, 0
  csrr a0, fcsr
  expect a0, 0
  // More bits than the field has.
  check 3
  li   t0, -1
  csrw frm, t0
  csrr a0, fcsr
  expect a0, 0xe0
  csrw fflags, t0
  csrw frm, zero
  csrr a0, fcsr
  expect a0, 0x1f
  check 4
  csrw fcsr, t0
  csrr a0, fcsr
  expect_bits a0, 0xff, 0xff
  expect_bits a0, ~0xff, 0
  csrw fcsr, zero
  // 1/0: DZ. Then 0/0: NV beside it. Then an inexact sum.
  check 5
  li   a1, 0x3f800000
  fmv.w.x fa1, a1
  fmv.w.x fa2, zero
  fdiv.s fa0, fa1, fa2
  csrr a0, fflags
  expect a0, DZ
  fdiv.s fa0, fa2, fa2
  csrr a0, fflags
  expect a0, DZ | NV
  li   a1, 0x33000000
  fmv.w.x fa3, a1
  fadd.s fa0, fa1, fa3
  csrr a0, fflags
  expect a0, DZ | NV | NX
  // Setting and clearing single flags.
  check 6
  csrsi fflags, UF
  csrci fflags, DZ
  csrr a0, fflags
  expect a0, NV | UF | NX
  fsflags a0, zero
  expect a0, NV | UF | NX
  // A flag that is set does not stop an operation.
  check 7
  fdiv.s fa0, fa1, fa2
  fmv.x.w a0, fa0
  expect a0, 0x7f800000
test_end
