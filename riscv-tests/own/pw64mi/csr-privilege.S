// Bits 9:8 of a CSR's number give the lowest mode that may touch it, bits
// 11:10 = 3 make it read-only; anything else is an illegal instruction
// (privileged manual, "CSR Address Mapping Conventions").
// env: p
#include "env.h"

test_begin
  // Machine registers from below.
  .irp csr, mstatus, misa, medeleg, mideleg, mie, mtvec, mcounteren, mscratch, mepc, mcause, mtval, mip, mhartid, pmpcfg0, pmpaddr0, mcycle, minstret, CSR_MENVCFG
  check 1
  traps_in MODE_S, CAUSE_ILLEGAL, csrr a0, \csr
  expect_tval_illegal
  check 2
  traps_in MODE_U, CAUSE_ILLEGAL, csrr a0, \csr
  .endr
  // Supervisor registers from user mode; from supervisor mode they are open.
  .irp csr, sstatus, sie, stvec, scounteren, sscratch, sepc, scause, stval, sip, satp, CSR_SENVCFG
  check 3
  traps_in MODE_U, CAUSE_ILLEGAL, csrr a0, \csr
  expect_tval_illegal
  check 4
  works_in MODE_S, csrr a0, \csr
  .endr
  // Numbers that name nothing.
  .irp csr, 0x5c0, 0x0c0, 0x7c0, 0x9c0, 0xbc0, 0xcc0, 0xfff, 0x015c, 0x6ff
  check 5
  must_be_illegal csrr a0, \csr
  check 6
  must_be_illegal csrwi \csr, 0
  .endr
  // A failed access changes neither side.
  check 7
  li   a0, 99
  must_be_illegal csrrw a0, 0xc00, a0
  expect a0, 99
  // A debug-mode register is out of reach even here.
  check 8
  must_be_illegal csrr a0, 0x7b0
test_end
