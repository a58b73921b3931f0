// menvcfg.FIOM and senvcfg.FIOM can be set and cleared: they may be read-only
// 0 only where satp.MODE is (privileged manual, "Machine Environment
// Configuration Register"). Spike 1.1.1-dev keeps them at 0 and fails here.
// env: p
#include "env.h"

test_begin
  check 1
  csrsi CSR_MENVCFG, ENVCFG_FIOM
  csrr a0, CSR_MENVCFG
  expect_bits a0, ENVCFG_FIOM, ENVCFG_FIOM
  csrci CSR_MENVCFG, ENVCFG_FIOM
  csrr a0, CSR_MENVCFG
  expect_bits a0, ENVCFG_FIOM, 0
  check 2
  csrsi CSR_SENVCFG, ENVCFG_FIOM
  csrr a0, CSR_SENVCFG
  expect_bits a0, ENVCFG_FIOM, ENVCFG_FIOM
  csrr a0, CSR_MENVCFG
  expect_bits a0, ENVCFG_FIOM, 0
  csrci CSR_SENVCFG, ENVCFG_FIOM
  csrr a0, CSR_SENVCFG
  expect_bits a0, ENVCFG_FIOM, 0
test_end
