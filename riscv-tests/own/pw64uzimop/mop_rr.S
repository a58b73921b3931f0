// mop.rr.0 to mop.rr.7 write 0 to rd until something gives them a meaning
// (Zimop).
// env: p v
#include "env.h"

test_begin
  li   a1, 0x1234
  li   a2, 0x5678
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7
  check 1 + \n
  li   a0, -1
  mop.rr \n, a0, a1, a2
  bnez a0, fail
  mop.rr \n, zero, a1, a2
  .endr
test_end
