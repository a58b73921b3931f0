// mseccfg.RLB lets locked entries be edited; once it is 0 while an entry is
// locked it cannot be set again; under MML without it no executable rule for
// machine mode can be added (Smepmp).
// env: p
#include "env.h"
#include "pmp.h"

test_begin
  la   s0, area
  srli t0, s0, 2
  ori  s2, t0, 0x1ff
  csrw pmpaddr0, s2
  check 1
  csrsi CSR_MSECCFG, 4
  csrr a0, CSR_MSECCFG
  expect_bits a0, 4, 4
  pmp_config PMP_L | PMP_NAPOT | PMP_R
  must_trap CAUSE_STORE_ACCESS, sw zero, 0(s0)
  // Edit it though it is locked.
  check 2
  pmp_config PMP_L | PMP_NAPOT | PMP_R | PMP_W
  sw   zero, 0(s0)
  csr_write_read pmpaddr0, 0x123, 0x123
  csrw pmpaddr0, s2
  // Unlock it.
  check 3
  pmp_config 0
  csrr a0, pmpcfg0
  expect a0, 0
  // RLB can go and come while nothing is locked.
  check 4
  csrci CSR_MSECCFG, 4
  csrsi CSR_MSECCFG, 4
  csrr a0, CSR_MSECCFG
  expect_bits a0, 4, 4
  // With something locked it can go, not come.
  check 5
  pmp_config PMP_L | PMP_NAPOT | PMP_R | PMP_W
  csrci CSR_MSECCFG, 4
  csrr a0, CSR_MSECCFG
  expect_bits a0, 4, 0
  csrsi CSR_MSECCFG, 4
  csrr a0, CSR_MSECCFG
  expect_bits a0, 4, 0
  pmp_config 0
  csrr a0, pmpcfg0
  expect a0, PMP_L | PMP_NAPOT | PMP_R | PMP_W

  // MML without RLB. The code must already be executable for machine mode;
  // what no entry matches it may read and write.
  check 6
  csrw pmpcfg2, zero
  la   t0, area
  srli t0, t0, 2
  csrw pmpaddr1, t0
  csrw pmpaddr2, t0
  li   t0, (PMP_L | PMP_TOR | PMP_R | PMP_X) << 16
  csrw pmpaddr1, zero
  csrs pmpcfg0, t0
  csrsi CSR_MSECCFG, 1
  // A new locked rule that machine mode could execute is refused.
  check 7
  csrr s3, pmpcfg0
  li   t0, (PMP_L | PMP_NAPOT | PMP_X) << 24
  csrs pmpcfg0, t0
  csrr a0, pmpcfg0
  srli a0, a0, 24
  andi a0, a0, PMP_X
  expect a0, 0
  // A rule without X can be added.
  check 8
  li   t0, 0xff << 24
  csrc pmpcfg0, t0
  li   t0, (PMP_L | PMP_NAPOT | PMP_R) << 24
  csrs pmpcfg0, t0
  csrr a0, pmpcfg0
  srli a0, a0, 24
  andi a0, a0, 0xff
  expect a0, PMP_L | PMP_NAPOT | PMP_R
test_end

test_zeros
area:
  .zero 4096
