// Compressed loads and stores, relative to a register: c.lw, c.ld, c.sw, c.sd,
// c.fld, c.fsd, at their smallest and largest offsets (unprivileged manual,
// "Register-Based Loads and Stores" of C).
// env: p v
#include "env.h"

.option rvc
test_begin
  la   a5, area
  li   a4, 0x8877665580443322
  check 1
  c.sd a4, 0(a5)
  c.ld s0, 0(a5)
  expect_same s0, a4
  check 2
  c.sd a4, 248(a5)
  ld   a0, 248(a5)
  expect_same a0, a4
  c.ld a3, 248(a5)
  expect_same a3, a4
  check 3
  c.sw a4, 124(a5)
  lwu  a0, 124(a5)
  expect a0, 0x80443322
  c.lw a2, 124(a5)
  expect a2, 0xffffffff80443322
  check 4
  lw   a0, 128(a5)
  expect a0, 0
  c.sw a4, 64(a5)
  c.lw a1, 64(a5)
  expect a1, 0xffffffff80443322
  check 5
  fmv.d.x fa0, a4
  c.fsd fa0, 240(a5)
  ld   a0, 240(a5)
  expect_same a0, a4
  c.fld fs1, 240(a5)
  fmv.x.d a0, fs1
  expect_same a0, a4
  check 6
  c.fsd fa0, 8(a5)
  c.fld fa5, 8(a5)
  fmv.x.d a0, fa5
  expect_same a0, a4
  // Offsets are added to the whole base.
  check 7
  addi a3, a5, 1
  c.sd a4, 16(a3)
  ld   a0, 17(a5)
  expect_same a0, a4
test_end

test_zeros
area:
  .zero 4096
