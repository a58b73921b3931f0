// mcontrol6 fields (RISC-V debug specification, "mcontrol6").
#define MC6       (6 << 60)
#define MC6_LOAD  (1 << 0)
#define MC6_STORE (1 << 1)
#define MC6_EXEC  (1 << 2)
#define MC6_U     (1 << 3)
#define MC6_S     (1 << 4)
#define MC6_M     (1 << 6)
#define MC6_MATCH(n) ((n) << 7)

// Trigger `n` compares with the address in `reg`.
.macro trigger n:req, bits:req, reg:req
  li   t6, \n
  csrw CSR_TSELECT, t6
  csrw CSR_TDATA1, zero
  csrw CSR_TDATA2, \reg
  li   t6, MC6 | \bits
  csrw CSR_TDATA1, t6
.endm

.macro trigger_off n:req
  li   t6, \n
  csrw CSR_TSELECT, t6
  csrw CSR_TDATA1, zero
.endm

// In this mode the instruction hits a trigger: a breakpoint before it runs,
// with the matched address in s0 as the trap value.
.macro hits mode:req, insn:vararg
  enter \mode
  must_trap CAUSE_BREAKPOINT, \insn
  expect_same s9, s0
.endm
