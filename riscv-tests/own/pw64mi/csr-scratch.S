// mscratch and sscratch hold any value and are two registers; mtval and stval
// too hold every address, and so do mcause and scause every cause that can
// happen (privileged manual, "Machine Scratch", "Machine Cause").
// env: p
#include "env.h"

test_begin
  check 1
  csr_write_read mscratch, 0x0123456789abcdef, 0x0123456789abcdef
  csr_write_read sscratch, -1, -1
  csrr a0, mscratch
  expect a0, 0x0123456789abcdef
  check 2
  csr_write_read mscratch, 0, 0
  csrr a0, sscratch
  expect a0, -1
  check 3
  csr_write_read mtval, 0xffffffc012345677, 0xffffffc012345677
  csr_write_read stval, 0x3fffffffff, 0x3fffffffff
  .irp cause, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 15
  check 10 + \cause
  csr_write_read mcause, \cause, \cause
  csr_write_read scause, \cause, \cause
  .endr
  check 30
  csr_write_read mcause, CAUSE_ECALL_M, CAUSE_ECALL_M
  .irp cause, SSI, STI, SEI
  check 40 + \cause
  csr_write_read mcause, INTERRUPT | \cause, INTERRUPT | \cause
  csr_write_read scause, INTERRUPT | \cause, INTERRUPT | \cause
  .endr
  .irp cause, MSI, MTI, MEI
  check 40 + \cause
  csr_write_read mcause, INTERRUPT | \cause, INTERRUPT | \cause
  .endr
  // The six operations on a CSR, with a full register and an immediate.
  check 60
  li   t0, 0xff
  csrw mscratch, t0
  li   t1, 0x0f
  csrrc a0, mscratch, t1
  expect a0, 0xff
  csrrsi a0, mscratch, 3
  expect a0, 0xf0
  csrrci a0, mscratch, 0x11
  expect a0, 0xf3
  csrrwi a0, mscratch, 31
  expect a0, 0xe2
  csrrs a0, mscratch, t0
  expect a0, 31
  csrrw a0, mscratch, zero
  expect a0, 0xff
  csrr a0, mscratch
  expect a0, 0
  // rd and rs1 the same.
  check 61
  li   a0, 5
  csrrw a0, mscratch, a0
  expect a0, 0
  csrr a0, mscratch
  expect a0, 5
test_end
