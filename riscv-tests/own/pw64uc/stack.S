// Compressed instructions on the stack pointer: c.lwsp, c.ldsp, c.swsp,
// c.sdsp, c.fldsp, c.fsdsp, c.addi16sp, c.addi4spn (unprivileged manual,
// "Stack-Pointer-Based Loads and Stores" of C).
// env: p v
#include "env.h"

.option rvc
test_begin
  la   sp, area
  mv   s0, sp
  li   t0, 0x8877665580443322
  check 1
  c.sdsp t0, 0(sp)
  c.ldsp t4, 0(sp)
  expect_same t4, t0
  check 2
  c.sdsp t0, 504(sp)
  ld   a0, 504(s0)
  expect_same a0, t0
  c.ldsp t4, 504(sp)
  expect_same t4, t0
  check 3
  c.swsp t0, 252(sp)
  lwu  a0, 252(s0)
  expect a0, 0x80443322
  c.lwsp t4, 252(sp)
  expect t4, 0xffffffff80443322
  check 4
  lw   a0, 256(s0)
  expect a0, 0
  check 5
  fmv.d.x ft0, t0
  c.fsdsp ft0, 496(sp)
  c.fldsp ft11, 496(sp)
  fmv.x.d a0, ft11
  expect_same a0, t0
  check 6
  c.addi16sp sp, 496
  sub  a0, sp, s0
  expect a0, 496
  c.addi16sp sp, -512
  sub  a0, sp, s0
  expect a0, -16
  check 7
  c.addi4spn a0, sp, 4
  sub  a0, a0, sp
  expect a0, 4
  c.addi4spn a5, sp, 1020
  sub  a0, a5, sp
  expect a0, 1020
test_end

test_zeros
  .zero 64
area:
  .zero 4096
