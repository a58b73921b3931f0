// Below machine mode menvcfg, and for user mode senvcfg too, must allow each
// cache-block instruction: CBZE for zero, CBCFE for clean and flush, CBIE for
// inval (Zicbom, Zicboz).
// env: p
#include "env.h"

// `insn` with this field of menvcfg and senvcfg: does it work in S and in U?
.macro case n, machine, supervisor, in_s, in_u, insn:vararg
  check \n
  li   t0, \machine
  csrw CSR_MENVCFG, t0
  li   t0, \supervisor
  csrw CSR_SENVCFG, t0
  .if \in_s
  works_in MODE_S, \insn
  .else
  traps_in MODE_S, CAUSE_ILLEGAL, \insn
  expect_tval_illegal
  .endif
  .if \in_u
  works_in MODE_U, \insn
  .else
  traps_in MODE_U, CAUSE_ILLEGAL, \insn
  .endif
  \insn
.endm

.macro all n, field, others, insn:vararg
  case \n, 0, 0, 0, 0, \insn
  case \n + 1, \field, 0, 1, 0, \insn
  case \n + 2, 0, \field, 0, 0, \insn
  case \n + 3, \field, \field, 1, 1, \insn
  case \n + 4, \others, \others, 0, 0, \insn
.endm

test_begin
  la   s0, area
  all 10, ENVCFG_CBZE, (ENVCFG_CBCFE | ENVCFG_CBIE(3)), cbo.zero 0(s0)
  all 20, ENVCFG_CBCFE, (ENVCFG_CBZE | ENVCFG_CBIE(3)), cbo.clean 0(s0)
  all 30, ENVCFG_CBCFE, (ENVCFG_CBZE | ENVCFG_CBIE(3)), cbo.flush 0(s0)
  all 40, ENVCFG_CBIE(1), (ENVCFG_CBZE | ENVCFG_CBCFE), cbo.inval 0(s0)
  all 50, ENVCFG_CBIE(3), (ENVCFG_CBZE | ENVCFG_CBCFE), cbo.inval 0(s0)
test_end

test_zeros
area:
  .zero 4096
