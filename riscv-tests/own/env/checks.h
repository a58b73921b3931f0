// What every test shares: how it checks, and how it expects a trap.
//
// Registers that belong to the environment (a test leaves them alone):
//   gp       number of the check under way; a failure reports it
//   tp       where to go on after an expected trap, 0 when none is expected
//   s6..s10  what the trap handler saw: status register, privilege that took
//            the trap, cause, trap value, exception pc
//   t5, t6   scratch of the macros below

#include "numbers.h"
#include "instructions.h"

.option norvc

// Everything up to the next `check` is check number N.
.macro check n:req
  li   gp, \n
.endm

.macro expect reg:req, value:req
  li   t6, \value
  bne  \reg, t6, fail
.endm

.macro expect_same reg:req, other:req
  bne  \reg, \other, fail
.endm

.macro expect_different reg:req, other:req
  beq  \reg, \other, fail
.endm

// The register holds the address of `symbol`.
.macro expect_at reg:req, symbol:req
  la   t6, \symbol
  bne  \reg, t6, fail
.endm

// `reg & mask == value`
.macro expect_bits reg:req, mask:req, value:req
  li   t6, \mask
  and  t5, \reg, t6
  li   t6, \value
  bne  t5, t6, fail
.endm

// insn a0, a1, a2 with the operands given in a1 and a2.
.macro op2 n:req, insn:req, a:req, b:req, result:req
  check \n
  li   a1, \a
  li   a2, \b
  \insn a0, a1, a2
  expect a0, \result
.endm

// insn a0, a1
.macro op1 n:req, insn:req, a:req, result:req
  check \n
  li   a1, \a
  \insn a0, a1
  expect a0, \result
.endm

// The instruction must trap with this cause, at its own pc. The registers
// s6..s10 then tell the rest.
.macro must_trap cause:req, insn:vararg
  la   tp, 98f
97:
  \insn
  j    fail
98:
  expect s8, \cause
  la   t6, 97b
  bne  s10, t6, fail
.endm

// The atomic must trap for its misalignment, with an address-misaligned or,
// as the manual also allows, an access-fault exception.
.macro must_trap_misaligned cause:req, insn:vararg
  la   tp, 98f
97:
  \insn
  j    fail
98:
  li   t6, \cause
  beq  s8, t6, 95f
  expect s8, \cause + 1
95:
  la   t6, 97b
  bne  s10, t6, fail
.endm

// The last trap had this trap value.
.macro expect_tval value:req
  li   t6, \value
  bne  s9, t6, fail
.endm

// mtval of an illegal instruction: 0, or the instruction (privileged manual,
// "Machine Trap Value Register"). Looks at the word at mepc.
.macro expect_tval_illegal
  beqz s9, 95f
  lhu  t6, 2(s10)
  lhu  t5, 0(s10)
  slli t6, t6, 16
  or   t6, t6, t5
  andi t5, t5, 3
  addi t5, t5, -3
  beqz t5, 94f
  slli t6, t6, 48
  srli t6, t6, 48
94:
  bne  s9, t6, fail
95:
.endm

// The accrued floating-point flags are these; clears them.
.macro expect_flags flags:req
  fsflags t5, zero
  li   t6, \flags
  bne  t5, t6, fail
.endm
