// c.mop.1 to c.mop.15 (odd numbers) change no register (Zcmop).
// env: p v
#include "env.h"

test_begin
  li   ra, 1
  li   t0, 5
  li   t2, 7
  li   s1, 9
  li   a1, 11
  li   a3, 13
  li   a5, 15
  .irp n, 1, 3, 5, 7, 9, 11, 13, 15
  check \n
  c.mop \n
  .endr
  check 20
  expect ra, 1
  expect t0, 5
  expect t2, 7
  expect s1, 9
  expect a1, 11
  expect a3, 13
  expect a5, 15
test_end
