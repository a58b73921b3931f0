// mop.r.0 to mop.r.31 write 0 to rd until something gives them a meaning
// (Zimop).
// env: p v
#include "env.h"

test_begin
  li   a1, 0x1234
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  check 1 + \n
  li   a0, -1
  mop.r \n, a0, a1
  bnez a0, fail
  mop.r \n, zero, a1
  .endr
  check 40
  expect a1, 0x1234
test_end
