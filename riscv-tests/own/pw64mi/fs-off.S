// With mstatus.FS off, every floating-point instruction and every access to
// fcsr, frm and fflags is illegal and does nothing; turned on, they work
// (privileged manual, "Extension Context Status").
// env: p
#include "env.h"

test_begin
  la   s0, words
  li   t0, MSTATUS_FS
  csrc mstatus, t0
  check 1
  must_be_illegal flw fa0, 0(s0)
  check 2
  must_be_illegal fld fa0, 0(s0)
  check 3
  must_be_illegal fsw fa0, 0(s0)
  check 4
  must_be_illegal fsd fa0, 0(s0)
  check 5
  must_be_illegal fadd.s fa0, fa0, fa0
  check 6
  must_be_illegal fadd.d fa0, fa0, fa0
  check 7
  must_be_illegal fmadd.d fa0, fa0, fa0, fa0
  check 8
  must_be_illegal fsgnj.s fa0, fa0, fa0
  check 9
  must_be_illegal fmv.x.w a0, fa0
  check 10
  must_be_illegal fmv.d.x fa0, a0
  check 11
  must_be_illegal feq.d a0, fa0, fa0
  check 12
  must_be_illegal fcvt.w.s a0, fa0
  check 13
  must_be_illegal fclass.d a0, fa0
  check 14
  must_be_illegal fadd.h fa0, fa0, fa0
  check 15
  must_be_illegal flh fa0, 0(s0)
  check 16
  must_be_illegal fsh fa0, 0(s0)
  check 17
  must_be_illegal fli.d fa0, 3
  check 18
  must_be_illegal csrr a0, fcsr
  check 19
  must_be_illegal csrw frm, zero
  check 20
  must_be_illegal csrr a0, fflags
  .option push
  .option rvc
  check 21
  la   tp, 1f
  c.fld fa0, 0(s0)
  j    fail
1:
  expect s8, CAUSE_ILLEGAL
  check 22
  la   tp, 1f
  c.fsd fa0, 0(s0)
  j    fail
1:
  expect s8, CAUSE_ILLEGAL
  .option pop
  // FS stayed off, memory stayed.
  check 23
  csrr a0, mstatus
  expect_bits a0, MSTATUS_FS | MSTATUS_SD, 0
  ld   a0, 0(s0)
  expect a0, 0x0123456789abcdef
  // Initial and Clean are as good as Dirty.
  check 24
  .irp fs, 1, 2, 3
  li   t0, MSTATUS_FS
  csrc mstatus, t0
  li   t0, \fs << 13
  csrs mstatus, t0
  fld  fa0, 0(s0)
  fmv.x.d a0, fa0
  expect a0, 0x0123456789abcdef
  .endr
  // Off for user mode just as well.
  check 25
  li   t0, MSTATUS_FS
  csrc mstatus, t0
  traps_in MODE_U, CAUSE_ILLEGAL, fmv.x.d a0, fa0
test_end

test_data
words:
  .dword 0x0123456789abcdef
