// There are 16 PMP entries; the configuration's reserved bits read 0, W
// without R is reserved, odd pmpcfg registers do not exist on RV64
// (privileged manual, "Physical Memory Protection CSRs").
// env: p
#include "env.h"

test_begin
  // Every address register holds bits 53:0 and no others. (15 stays as it is:
  // it opens memory to all.)
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14
  check 10 + \n
  csr_write_read pmpaddr\n, -1, 0x3fffffffffffff
  csr_write_read pmpaddr\n, 0x15555555555555, 0x15555555555555
  csr_write_read pmpaddr\n, 0, 0
  .endr
  // Each entry's configuration by itself.
  check 30
  li   t0, 0x8000000000000000
  .irp shift, 0, 8, 16, 24, 32, 40, 48, 56
  li   t0, 0x1f << \shift
  csrw pmpcfg0, t0
  csrr a0, pmpcfg0
  bne  a0, t0, fail
  .endr
  csrw pmpcfg0, zero
  // Bits 5 and 6 of an entry are reserved.
  check 31
  li   t0, 0x6060606060606060
  csrw pmpcfg0, t0
  csrr a0, pmpcfg0
  expect a0, 0
  // R = 0 with W = 1 is not a legal value.
  check 32
  .irp value, 0x02, 0x06, 0x0a, 0x1e
  li   t0, \value
  csrw pmpcfg0, t0
  csrr a0, pmpcfg0
  andi a0, a0, 3
  addi a0, a0, -2
  beqz a0, fail
  .endr
  csrw pmpcfg0, zero
  check 33
  must_be_illegal csrr a0, pmpcfg1
  check 34
  must_be_illegal csrw pmpcfg3, zero
  // The entries beyond read 0, or are not there at all.
  check 35
  la   tp, 1f
  li   a0, 0
  csrr a0, 0x3a4
1:
  li   tp, 0
  expect a0, 0
test_end
