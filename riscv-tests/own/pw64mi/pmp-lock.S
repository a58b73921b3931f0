// A locked entry binds machine mode as well, and its registers ignore writes
// until reset; a locked TOR entry locks the address before it (privileged
// manual, "Locking and Privilege Mode").
// env: p
#include "env.h"
#include "pmp.h"

test_begin
  la   s0, area
  la   s1, area + 4096
  // Entry 2: locked, read-only.
  srli t0, s0, 2
  ori  s2, t0, 0x1ff
  csrw pmpaddr2, s2
  check 1
  pmp_config (PMP_L | PMP_NAPOT | PMP_R) << 16
  lw   a0, 0(s0)
  must_trap CAUSE_STORE_ACCESS, sw a0, 0(s0)
  expect_same s9, s0
  must_trap CAUSE_STORE_ACCESS, amoadd.w a0, a0, (s0)
  la   tp, 1f
  jr   s0
1:
  expect s8, CAUSE_FETCH_ACCESS
  expect_same s10, s0
  // It cannot be changed: neither configuration nor address.
  check 2
  pmp_config 0
  csrr a0, pmpcfg0
  expect a0, (PMP_L | PMP_NAPOT | PMP_R) << 16
  csrw pmpaddr2, zero
  csrr a0, pmpaddr2
  expect_same a0, s2
  // Its neighbours can.
  check 3
  csr_write_read pmpaddr1, 0x1234, 0x1234
  csr_write_read pmpaddr3, 0x1234, 0x1234
  pmp_config (PMP_NAPOT | PMP_R) << 24
  csrr a0, pmpcfg0
  expect a0, (PMP_L | PMP_NAPOT | PMP_R) << 16 | (PMP_NAPOT | PMP_R) << 24
  pmp_config 0

  // TOR: entry 5 locked locks pmpaddr4, not pmpcfg of 4.
  check 4
  srli s3, s1, 2
  csrw pmpaddr4, s3
  addi s4, s3, 4
  csrw pmpaddr5, s4
  li   t0, (PMP_L | PMP_TOR) << 40
  csrw pmpcfg0, t0
  csrw pmpaddr4, zero
  csrr a0, pmpaddr4
  expect_same a0, s3
  csrw pmpaddr5, zero
  csrr a0, pmpaddr5
  expect_same a0, s4
  must_trap CAUSE_LOAD_ACCESS, lw a0, 12(s1)
  lw   a0, 16(s1)
  check 5
  li   t0, PMP_R << 32
  csrw pmpcfg0, t0
  csrr a0, pmpcfg0
  srli a0, a0, 32
  andi a0, a0, 0xff
  expect a0, PMP_R
  // Locked and off binds no one, but is locked all the same.
  check 6
  li   t0, PMP_L << 56
  csrw pmpcfg0, t0
  csr_write_read pmpaddr7, -1, 0
  csrr a0, pmpcfg0
  bgez a0, fail
test_end

test_zeros
area:
  .zero 8192
