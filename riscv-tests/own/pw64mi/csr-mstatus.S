// Fields of mstatus: MPP holds only modes that exist, SXL and UXL read 2, the
// plain bits can be set and cleared, SD sums up FS (privileged manual,
// "Machine Status Registers").
// env: p
#include "env.h"

.macro settable mask:req
  li   t0, \mask
  csrs mstatus, t0
  csrr a0, mstatus
  and  a0, a0, t0
  bne  a0, t0, fail
  csrc mstatus, t0
  csrr a0, mstatus
  and  a0, a0, t0
  bnez a0, fail
.endm

test_begin
  check 1
  settable MSTATUS_SIE
  check 2
  settable MSTATUS_MIE
  check 3
  settable MSTATUS_SPIE
  check 4
  settable MSTATUS_MPIE
  check 5
  settable MSTATUS_SPP
  check 6
  settable MSTATUS_SUM
  check 7
  settable MSTATUS_MXR
  check 8
  settable MSTATUS_TVM
  check 9
  settable MSTATUS_TW
  check 10
  settable MSTATUS_TSR
  check 11
  settable MSTATUS_MPRV
  check 12
  settable MSTATUS_MPP

  // MPP = 2 is no mode.
  check 13
  li   t0, MSTATUS_MPP
  csrc mstatus, t0
  li   t0, 2 << 11
  csrs mstatus, t0
  csrr a0, mstatus
  srli a0, a0, 11
  andi a0, a0, 3
  li   t0, 2
  beq  a0, t0, fail
  // S and U are.
  check 14
  li   t0, MSTATUS_MPP
  csrc mstatus, t0
  csrr a0, mstatus
  expect_bits a0, MSTATUS_MPP, 0
  li   t0, 1 << 11
  csrs mstatus, t0
  csrr a0, mstatus
  expect_bits a0, MSTATUS_MPP, 1 << 11

  // S and U are 64 bits wide. (Nothing else is offered, so it cannot change.)
  check 15
  li   t0, 3 << 32 | 3 << 34
  csrc mstatus, t0
  csrr a0, mstatus
  expect_bits a0, 15 << 32, 10 << 32
  csrs mstatus, t0
  csrr a0, mstatus
  expect_bits a0, 15 << 32, 10 << 32

  // FS takes four values; SD is set for Dirty alone.
  check 16
  .irp fs, 0, 1, 2, 3
  li   t0, MSTATUS_FS
  csrc mstatus, t0
  li   t0, \fs << 13
  csrs mstatus, t0
  csrr a0, mstatus
  expect_bits a0, MSTATUS_FS, \fs << 13
  srli a0, a0, 63
  expect a0, \fs / 3
  .endr
  // SD is read-only.
  check 17
  li   t0, MSTATUS_FS
  csrc mstatus, t0
  li   t0, MSTATUS_SD
  csrs mstatus, t0
  csrr a0, mstatus
  bltz a0, fail
  // No user extension, no vectors: XS and VS are 0.
  check 18
  li   t0, MSTATUS_XS
  csrs mstatus, t0
  csrr a0, mstatus
  expect_bits a0, MSTATUS_XS, 0
test_end
