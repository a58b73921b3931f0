// mcounteren opens the counters to supervisor mode; user mode needs
// scounteren as well (privileged manual, "Machine Counter-Enable Register",
// "Counter-Enable Register").
// env: p
#include "env.h"

// Reading `csr` with these enables: does it work in S and in U?
.macro case n, csr, machine, supervisor, in_s, in_u
  check \n
  li   t0, \machine
  csrw mcounteren, t0
  li   t0, \supervisor
  csrw scounteren, t0
  .if \in_s
  works_in MODE_S, csrr a0, \csr
  .else
  traps_in MODE_S, CAUSE_ILLEGAL, csrr a0, \csr
  .endif
  check \n + 1
  .if \in_u
  works_in MODE_U, csrr a0, \csr
  .else
  traps_in MODE_U, CAUSE_ILLEGAL, csrr a0, \csr
  .endif
  // Machine mode itself asks no one.
  csrr a0, \csr
.endm

test_begin
  case 10, cycle, 0, 0, 0, 0
  case 12, cycle, 1, 0, 1, 0
  case 14, cycle, 0, 1, 0, 0
  case 16, cycle, 1, 1, 1, 1
  case 18, cycle, ~1, ~1, 0, 0
  case 20, time, 0, 0, 0, 0
  case 22, time, 2, 0, 1, 0
  case 24, time, 0, 2, 0, 0
  case 26, time, 2, 2, 1, 1
  case 28, time, ~2, ~2, 0, 0
  case 30, instret, 0, 0, 0, 0
  case 32, instret, 4, 0, 1, 0
  case 34, instret, 0, 4, 0, 0
  case 36, instret, 4, 4, 1, 1
  case 38, instret, ~4, ~4, 0, 0
  // The programmable counters, when they cannot be enabled, trap below
  // machine mode.
  case 40, 0xc03, 0, 0, 0, 0
  case 42, 0xc1f, 0, 0, 0, 0
test_end
