// mtvec and stvec: modes 0 and 1 exist, 2 and 3 are reserved and never read
// back; the base is four-byte aligned (privileged manual, "Machine Trap-Vector
// Base-Address Register").
// env: p
#include "env.h"

.macro tvec n, csr
  check \n
  csrr s0, \csr
  li   t0, 0x80004000
  csrw \csr, t0
  csrr a0, \csr
  expect_same a0, t0
  check \n + 1
  li   t0, 0x80004001
  csrw \csr, t0
  csrr a0, \csr
  expect_same a0, t0
  check \n + 2
  li   t0, 0x80004002
  csrw \csr, t0
  csrr a0, \csr
  andi a0, a0, 2
  bnez a0, fail
  check \n + 3
  li   t0, -1
  csrw \csr, t0
  csrr a0, \csr
  andi a0, a0, 2
  bnez a0, fail
  csrw \csr, s0
.endm

test_begin
  tvec 1, mtvec
  tvec 5, stvec
test_end
