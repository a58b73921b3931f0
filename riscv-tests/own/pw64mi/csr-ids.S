// Identity registers are read-only and hold the hart's identity: writes to
// them are illegal (privileged manual, "CSR Address Mapping Conventions").
// env: p
#include "env.h"

test_begin
  check 1
  csrr a0, mhartid
  expect a0, 0
  check 2
  must_be_illegal csrw mhartid, zero
  check 3
  must_be_illegal csrw mvendorid, zero
  check 4
  must_be_illegal csrs marchid, t0
  check 5
  must_be_illegal csrwi mimpid, 0
  check 6
  csrr a0, mvendorid
  csrr a1, marchid
  csrr a2, mimpid
  csrr a3, mconfigptr
  // Setting no bit is a read, not a write.
  check 7
  csrrs a1, marchid, zero
  csrrci a0, mhartid, 0
  expect a0, 0
test_end
