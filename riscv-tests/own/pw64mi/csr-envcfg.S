// menvcfg and senvcfg: the enables that the hart's extensions need can be set
// and cleared; CBIE never reads as the reserved 2; reserved bits stay 0
// (privileged manual, "Machine Environment Configuration Register").
// env: p
#include "env.h"

.macro settable csr:req, mask:req
  li   t0, \mask
  csrs \csr, t0
  csrr a0, \csr
  and  a0, a0, t0
  bne  a0, t0, fail
  csrc \csr, t0
  csrr a0, \csr
  and  a0, a0, t0
  bnez a0, fail
.endm

.macro both n, csr
  check \n + 1
  settable \csr, ENVCFG_CBCFE
  check \n + 2
  settable \csr, ENVCFG_CBZE
  check \n + 3
  settable \csr, ENVCFG_CBIE(1)
  settable \csr, ENVCFG_CBIE(3)
  // The reserved value.
  check \n + 4
  li   t0, ENVCFG_CBIE(2)
  csrw \csr, t0
  csrr a0, \csr
  srli a0, a0, 4
  andi a0, a0, 3
  li   t0, 2
  beq  a0, t0, fail
  // Bit 1 names nothing.
  check \n + 5
  li   t0, 2
  csrw \csr, t0
  csrr a0, \csr
  expect_bits a0, 2, 0
.endm

test_begin
  both 1, CSR_MENVCFG
  both 11, CSR_SENVCFG
  check 20
  settable CSR_MENVCFG, ENVCFG_STCE
  check 21
  settable CSR_MENVCFG, ENVCFG_PBMTE
  check 22
  settable CSR_MENVCFG, ENVCFG_ADUE
  // They are not the supervisor's.
  check 23
  li   t0, ENVCFG_STCE | ENVCFG_PBMTE | ENVCFG_ADUE
  csrw CSR_SENVCFG, t0
  csrr a0, CSR_SENVCFG
  expect_bits a0, ENVCFG_STCE | ENVCFG_PBMTE | ENVCFG_ADUE, 0
test_end
