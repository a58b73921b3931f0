// sstatus shows and writes a part of mstatus; machine-mode fields are out of
// its reach (privileged manual, "Supervisor Status Register").
// env: p
#include "env.h"

#define SSTATUS_WRITABLE (MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_FS | MSTATUS_SUM | MSTATUS_MXR)

test_begin
  // All of the machine's fields set: the view does not show them.
  check 1
  li   t0, MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP | MSTATUS_TVM | MSTATUS_TW | MSTATUS_TSR
  csrw mstatus, t0
  csrr a0, sstatus
  expect_bits a0, MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP | MSTATUS_MPRV | MSTATUS_TVM | MSTATUS_TW | MSTATUS_TSR | 3 << 34, 0
  // Clearing through the view leaves them.
  check 2
  csrw sstatus, zero
  csrr a0, mstatus
  expect_bits a0, MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP | MSTATUS_TVM | MSTATUS_TW | MSTATUS_TSR, MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP | MSTATUS_TVM | MSTATUS_TW | MSTATUS_TSR
  csrw mstatus, zero
  // Setting through the view sets the supervisor's fields alone.
  check 3
  li   t0, -1
  csrw sstatus, t0
  csrr a0, mstatus
  expect_bits a0, MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP | MSTATUS_MPRV | MSTATUS_TVM | MSTATUS_TW | MSTATUS_TSR, 0
  expect_bits a0, SSTATUS_WRITABLE, SSTATUS_WRITABLE
  // The view shows them, UXL and SD too.
  check 4
  csrr a0, sstatus
  expect_bits a0, SSTATUS_WRITABLE, SSTATUS_WRITABLE
  expect_bits a0, 3 << 32, 2 << 32
  bgez a0, fail
  check 5
  li   t0, MSTATUS_FS
  csrc sstatus, t0
  csrr a0, mstatus
  bltz a0, fail
  expect_bits a0, MSTATUS_FS, 0
test_end
