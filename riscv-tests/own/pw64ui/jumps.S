// jal and jalr link the next instruction, jalr drops bit 0 of its target and
// reads its base before it writes the link; branches compare all 64 bits,
// signed and unsigned (unprivileged manual, "Control Transfer Instructions").
// env: p v
#include "env.h"

test_begin
  check 1
  jal  t0, 1f
2:
  j    fail
1:
  expect_at t0, 2b
  check 2
  la   t0, 1f + 1
  jalr t1, 0(t0)
2:
  j    fail
1:
  expect_at t1, 2b
  check 3
  la   t0, 1f
  jalr t0, 0(t0)
2:
  j    fail
1:
  expect_at t0, 2b
  // Offsets of both signs; the sum of base and offset may be odd.
  check 4
  la   t0, 1f + 2048
  jalr zero, -2048(t0)
  j    fail
1:
  la   t0, 1f - 2046
  jalr zero, 2047(t0)
  j    fail
1:
  // The upper word decides.
  check 5
  li   a0, 0x100000000
  li   a1, 0
  beq  a0, a1, fail
  blt  a0, a1, fail
  bltu a0, a1, fail
  li   a0, 0x8000000000000000
  li   a1, 1
  bge  a0, a1, fail
  bltu a0, a1, fail
  bgeu a1, a0, fail
  bne  a0, a0, fail
  beq  a0, a1, fail
  // x0 as a link keeps nothing.
  check 6
  jal  zero, 1f
1:
  mv   a0, zero
  bnez a0, fail
  // auipc adds to its own address.
  check 7
1:
  auipc a0, 0x12345
  la   a1, 1b
  sub  a0, a0, a1
  expect a0, 0x12345000
2:
  auipc a0, 0x80000
  la   a1, 2b
  sub  a0, a0, a1
  expect a0, 0xffffffff80000000
test_end
