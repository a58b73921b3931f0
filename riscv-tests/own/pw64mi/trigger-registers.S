// Four triggers, each of which can be a mcontrol6 trigger; tselect holds only
// numbers that exist; a trigger can be turned off by writing 0 to tdata1
// (Sdtrig; RISC-V debug specification, "Trigger Module Registers").
// env: p
#include "env.h"

test_begin
  .irp n, 0, 1, 2, 3
  check 10 + \n
  csr_write_read CSR_TSELECT, \n, \n
  csrr a0, CSR_TINFO
  srli a0, a0, 6
  andi a0, a0, 1
  expect a0, 1
  // mcontrol6, for loads in machine mode.
  li   t0, 6 << 60 | 1 << 6 | 1 << 0
  csrw CSR_TDATA1, t0
  csrr a0, CSR_TDATA1
  srli a1, a0, 60
  expect a1, 6
  expect_bits a0, 0x7f, 1 << 6 | 1 << 0
  // dmode belongs to the debugger.
  expect_bits a0, 1 << 59, 0
  csrw CSR_TDATA1, zero
  csrr a0, CSR_TDATA1
  expect_bits a0, 0x7, 0
  csr_write_read CSR_TDATA2, 0x80001234 + \n, 0x80001234 + \n
  .endr
  // Each keeps its own data.
  .irp n, 0, 1, 2, 3
  check 20 + \n
  li   t0, \n
  csrw CSR_TSELECT, t0
  csrr a0, CSR_TDATA2
  expect a0, 0x80001234 + \n
  .endr
  // One that does not exist cannot be selected.
  check 30
  li   t0, -1
  csrw CSR_TSELECT, t0
  csrr a0, CSR_TSELECT
  beq  a0, t0, fail
  // Machine mode only.
  check 31
  traps_in MODE_S, CAUSE_ILLEGAL, csrr a0, CSR_TSELECT
  check 32
  traps_in MODE_U, CAUSE_ILLEGAL, csrr a0, CSR_TDATA1
test_end
