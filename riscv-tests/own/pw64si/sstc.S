// stimecmp drives mip.STIP when menvcfg.STCE is set: it pends while time is
// not below it and cannot be written by hand; without STCE, or without
// mcounteren.TM below machine mode, stimecmp is out of reach (Sstc).
// env: p
#include "env.h"

test_begin
  check 1
  csrw mcounteren, zero
  li   t0, ENVCFG_STCE
  csrc CSR_MENVCFG, t0
  traps_in MODE_S, CAUSE_ILLEGAL, csrr a0, CSR_STIMECMP
  // Machine mode always reaches it.
  check 2
  li   t0, -1
  csrw CSR_STIMECMP, t0
  csrr a0, CSR_STIMECMP
  expect a0, -1
  // Without STCE, STIP is machine mode's to write.
  check 3
  li   t0, 1 << STI
  csrs mip, t0
  csrr a0, mip
  expect_bits a0, 1 << STI, 1 << STI
  csrc mip, t0
  // STCE alone is not enough below machine mode, nor is TM.
  check 4
  li   t0, ENVCFG_STCE
  csrs CSR_MENVCFG, t0
  traps_in MODE_S, CAUSE_ILLEGAL, csrr a0, CSR_STIMECMP
  check 5
  csrwi mcounteren, 2
  works_in MODE_S, csrr a0, CSR_STIMECMP
  expect a0, -1
  traps_in MODE_U, CAUSE_ILLEGAL, csrr a0, CSR_STIMECMP
  check 6
  li   t0, ENVCFG_STCE
  csrc CSR_MENVCFG, t0
  traps_in MODE_S, CAUSE_ILLEGAL, csrw CSR_STIMECMP, zero
  csrs CSR_MENVCFG, t0
  // Now STIP follows the comparison and nothing else.
  check 7
  becomes STI, 0
  li   t0, 1 << STI
  csrs mip, t0
  csrr a0, mip
  expect_bits a0, 1 << STI, 0
  csrw CSR_STIMECMP, zero
  becomes STI, 1
  csrc mip, t0
  csrr a0, mip
  expect_bits a0, 1 << STI, 1 << STI
  // The interrupt arrives in supervisor mode.
  check 8
  csrw mideleg, t0
  csrw mie, t0
  la   tp, 1f
  enter MODE_U
  j    fail
1:
  expect s7, MODE_S
  expect s8, INTERRUPT | STI
  // The supervisor moves the deadline, and it is quiet.
  check 9
  li   t0, -1
  csrw CSR_STIMECMP, t0
1:
  csrr a0, sip
  andi a0, a0, 1 << STI
  bnez a0, 1b
  csrsi sstatus, MSTATUS_SIE
  nop
  // A deadline ahead: wait for it.
  check 10
  rdtime t0
  addi t0, t0, 100
  csrci sstatus, MSTATUS_SIE
  csrw CSR_STIMECMP, t0
  wfi
  rdtime t1
  bltu t1, t0, fail
  la   tp, 1f
  csrsi sstatus, MSTATUS_SIE
2:
  j    2b
1:
  expect s8, INTERRUPT | STI
  to_machine
test_end
