// The counters 3 to 31 and their event selectors can be read and written in
// machine mode (they may be read-only zero); user views are read-only
// (privileged manual, "Hardware Performance Monitor"; Zihpm).
// env: p
#include "env.h"

test_begin
  check 1
  .irp n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
  csrw 0xb00 + \n, zero
  csrr a0, 0xb00 + \n
  csrw 0x320 + \n, zero
  csrr a1, 0x320 + \n
  csrr a2, 0xc00 + \n
  .endr
  check 2
  must_be_illegal csrw 0xc03, zero
  check 3
  must_be_illegal csrw 0xc1f, zero
  check 4
  must_be_illegal csrw cycle, zero
  check 5
  must_be_illegal csrwi time, 1
  check 6
  must_be_illegal csrw instret, zero
  // The upper halves are for RV32.
  check 7
  must_be_illegal csrr a0, 0xc80
  check 8
  must_be_illegal csrr a0, 0xb80
test_end
