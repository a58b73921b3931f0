// czero.eqz gives 0 when rs2 is 0, else rs1; czero.nez the other way round;
// all 64 bits of rs2 count (Zicond).
// env: p v
#include "env.h"

test_begin
  op2 1, czero.eqz, 5, 0, 0
  op2 2, czero.eqz, 5, 1, 5
  op2 3, czero.eqz, -5, 0x8000000000000000, -5
  op2 4, czero.eqz, -5, 0x100000000, -5
  op2 5, czero.nez, 5, 0, 5
  op2 6, czero.nez, 5, 1, 0
  op2 7, czero.nez, -5, 0x8000000000000000, 0
  op2 8, czero.nez, -5, 0x100000000, 0
  // rd the same as either source, x0 as either.
  check 9
  li   a0, 7
  czero.nez a0, a0, a0
  expect a0, 0
  check 10
  li   a0, 7
  czero.eqz a0, a0, a0
  expect a0, 7
  check 11
  czero.nez a0, a0, zero
  expect a0, 7
  czero.eqz a0, a0, zero
  expect a0, 0
test_end
