// mstateen0 and sstateen0: clear bits hide state from the modes below. Bit 62
// of mstateen0 guards senvcfg, bit 63 guards sstateen0 (Smstateen, Ssstateen).
// A hart without them passes.
// env: p
#include "env.h"

test_begin
  la   tp, absent
  csrr a0, CSR_MSTATEEN0
  li   tp, 0
  check 1
  csrw CSR_MSTATEEN0, zero
  csrr a0, CSR_MSTATEEN0
  expect a0, 0
  traps_in MODE_S, CAUSE_ILLEGAL, csrr a0, CSR_SENVCFG
  traps_in MODE_S, CAUSE_ILLEGAL, csrr a0, CSR_SSTATEEN0
  check 2
  li   t0, 1 << 62
  csrw CSR_MSTATEEN0, t0
  works_in MODE_S, csrr a0, CSR_SENVCFG
  traps_in MODE_S, CAUSE_ILLEGAL, csrr a0, CSR_SSTATEEN0
  check 3
  li   t0, 1 << 63
  csrw CSR_MSTATEEN0, t0
  csrr a0, CSR_MSTATEEN0
  bgez a0, fail
  works_in MODE_S, csrr a0, CSR_SSTATEEN0
  traps_in MODE_S, CAUSE_ILLEGAL, csrw CSR_SENVCFG, zero
  // Machine mode is not bound; user mode reaches neither.
  check 4
  csrw CSR_MSTATEEN0, zero
  csrr a0, CSR_SENVCFG
  csrr a0, CSR_SSTATEEN0
  traps_in MODE_U, CAUSE_ILLEGAL, csrr a0, CSR_SENVCFG
  // A bit that mstateen0 holds at 0 reads 0 in sstateen0.
  check 5
  li   t0, -1
  csrw CSR_SSTATEEN0, t0
  csrr a0, CSR_SSTATEEN0
  expect a0, 0
absent:
test_end
