// mepc and sepc: bit 0 is always 0; bit 1 exists, since instructions may be
// two-byte aligned; the rest holds any address (privileged manual, "Machine
// Exception Program Counter").
// env: p
#include "env.h"

test_begin
  check 1
  csr_write_read mepc, 0x80000003, 0x80000002
  check 2
  csr_write_read mepc, -1, -2
  check 3
  csr_write_read mepc, 0x7ffffffffe, 0x7ffffffffe
  check 4
  csr_write_read sepc, 0x80000003, 0x80000002
  check 5
  csr_write_read sepc, -1, -2
  check 6
  csr_write_read sepc, 0x1234567ffe, 0x1234567ffe
test_end
