// Whatever changes a floating-point register or fcsr makes mstatus.FS Dirty
// and sets SD; what only reads leaves FS alone (privileged manual, "Extension
// Context Status"; a hart may also be less precise about reads, but never
// about writes).
// env: p
#include "env.h"

.macro dirties n, insn:vararg
  check \n
  li   t0, MSTATUS_FS
  csrc mstatus, t0
  li   t0, 1 << 13
  csrs mstatus, t0
  \insn
  csrr a0, mstatus
  bgez a0, fail
  expect_bits a0, MSTATUS_FS, MSTATUS_FS
  csrr a0, sstatus
  bgez a0, fail
.endm

test_begin
  la   s0, words
  dirties 1, flw fa0, 0(s0)
  dirties 2, fld fa0, 0(s0)
  dirties 3, fmv.d.x fa0, s0
  dirties 4, fmv.w.x fa0, zero
  dirties 5, fadd.d fa1, fa0, fa0
  dirties 6, fcvt.s.w fa0, s0
  dirties 7, fsgnj.d fa0, fa1, fa1
  dirties 8, csrwi frm, 1
  dirties 9, csrwi fflags, 0
  dirties 10, csrw fcsr, zero
  dirties 11, flh fa0, 0(s0)
  dirties 12, fli.s fa0, 1
  dirties 13, fmadd.s fa0, fa0, fa0, fa0
  // A comparison that raises a flag changes fcsr.
  li   t0, 0x7ff4000000000000
  fmv.d.x fa0, t0
  fsflags zero
  dirties 14, feq.d a1, fa0, fa0
  // A trap does not change FS.
  check 15
  li   t0, MSTATUS_FS
  csrc mstatus, t0
  li   t0, 2 << 13
  csrs mstatus, t0
  must_be_illegal .word 0
  csrr a0, mstatus
  expect_bits a0, MSTATUS_FS, 2 << 13
test_end

test_data
words:
  .dword 0x0123456789abcdef
