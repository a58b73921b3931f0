// Helpers of the PMP tests: accesses from below machine mode are made with
// MPRV, fetches by going there.

// Loads and stores of machine mode are checked as this mode's.
.macro as_mode mode:req
  li   t6, MSTATUS_MPP
  csrc mstatus, t6
  li   t6, MSTATUS_MPRV | (\mode << 11)
  csrs mstatus, t6
.endm

.macro as_machine
  li   t6, MSTATUS_MPRV
  csrc mstatus, t6
.endm

// The handler's return sets MPP = M, so each expected trap is followed by
// as_mode again.
.macro load_denied mode:req, insn:vararg
  as_mode \mode
  must_trap CAUSE_LOAD_ACCESS, \insn
  as_machine
.endm
.macro store_denied mode:req, insn:vararg
  as_mode \mode
  must_trap CAUSE_STORE_ACCESS, \insn
  as_machine
.endm
.macro allowed mode:req, insn:vararg
  as_mode \mode
  \insn
  as_machine
.endm

// Go to the address in `reg` in this mode.
.macro go mode:req, reg:req
  li   t6, MSTATUS_MPP
  csrc mstatus, t6
  li   t6, \mode << 11
  csrs mstatus, t6
  csrw mepc, \reg
  mret
.endm

// Going to the address in `reg` is an access fault there.
.macro fetch_denied mode:req, reg:req
  la   tp, 95f
  go \mode, \reg
95:
  expect s8, CAUSE_FETCH_ACCESS
  expect_same s9, \reg
  expect_same s10, \reg
.endm
// Going there works: the code there is an ecall.
.macro fetch_allowed mode:req, reg:req
  la   tp, 95f
  go \mode, \reg
95:
  expect_same s10, \reg
  expect_bits s8, ~3, CAUSE_ECALL_U
.endm

.macro pmp_config value:req
  li   t6, \value
  csrw pmpcfg0, t6
.endm
