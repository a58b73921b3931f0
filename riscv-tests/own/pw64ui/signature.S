// Results left between begin_signature and end_signature, for those who
// compare memory after a run: ((n * n) << 32) + n for n from 0 to 7, then the
// bytes 0 to 15.
// env: p
#include "env.h"

test_begin
  la   t0, begin_signature
  li   a0, 0
1:
  check 1
  mul  a1, a0, a0
  slli a1, a1, 32
  add  a1, a1, a0
  sd   a1, 0(t0)
  addi t0, t0, 8
  addi a0, a0, 1
  li   a2, 8
  bne  a0, a2, 1b
  li   a0, 0
1:
  check 2
  sb   a0, 0(t0)
  addi t0, t0, 1
  addi a0, a0, 1
  li   a2, 16
  bne  a0, a2, 1b
  expect_at t0, end_signature
test_end

test_data
  .globl begin_signature, end_signature
begin_signature:
  .fill 10, 8, 0xdeadbeefdeadbeef
end_signature:
