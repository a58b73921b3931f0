// In vectored mode an interrupt goes to base + 4 x cause and an exception to
// the base, for mtvec and for stvec (privileged manual, "Machine Trap-Vector
// Base-Address Register").
// env: p
#include "env.h"

// Each slot notes its number and joins the ordinary handler.
.macro slots name, handler
  .balign 256
\name:
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
  j    \name\()_\n
  .endr
  .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
\name\()_\n:
  li   s11, \n
  j    \handler
  .endr
.endm

.macro interrupt irq
  li   t0, 1 << \irq
  csrw mie, t0
  csrw mip, t0
  li   s11, -1
  la   tp, 1f
  csrsi mstatus, MSTATUS_MIE
  j    fail
1:
  expect s8, INTERRUPT | \irq
  expect s11, \irq
  csrw mip, zero
.endm

test_begin
  la   t0, machine_slots + 1
  csrw mtvec, t0
  check 1
  interrupt SSI
  check 2
  interrupt STI
  check 3
  interrupt SEI
  // Exceptions, whatever their number, use the base.
  check 4
  li   s11, -1
  must_trap CAUSE_ECALL_M, ecall
  expect s11, 0
  check 5
  li   s11, -1
  must_be_illegal .word 0
  expect s11, 0
  // Direct mode again.
  check 6
  la   t0, trap_m
  csrw mtvec, t0
  li   s11, 77
  li   t0, 1 << SEI
  csrw mie, t0
  csrw mip, t0
  la   tp, 1f
  csrsi mstatus, MSTATUS_MIE
  j    fail
1:
  expect s11, 77
  csrw mip, zero

  // The supervisor's.
  la   t0, supervisor_slots + 1
  csrw stvec, t0
  li   t0, 1 << SSI | 1 << STI | 1 << SEI
  csrw mideleg, t0
  csrw mie, t0
  li   t0, 1 << CAUSE_BREAKPOINT
  csrw medeleg, t0
  .irp irq, SSI, STI, SEI
  check 10 + \irq
  li   t0, 1 << \irq
  csrw mip, t0
  li   s11, -1
  la   tp, 1f
  enter MODE_U
  j    fail
1:
  expect s7, MODE_S
  expect s8, INTERRUPT | \irq
  expect s11, \irq
  to_machine
  .endr
  csrw mip, zero
  check 20
  li   s11, -1
  enter MODE_S
  must_trap CAUSE_BREAKPOINT, ebreak
  expect s7, MODE_S
  expect s11, 0
  to_machine
  j    pass

  slots machine_slots, trap_m
  slots supervisor_slots, trap_s
test_end
