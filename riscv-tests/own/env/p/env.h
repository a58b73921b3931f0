// The bare environment: the test runs in machine mode with no translation.
// Physical memory is open to all modes through the last PMP entry, nothing is
// delegated, floating point is on.

#include "checks.h"

.macro test_begin
  .section .text.init, "ax", @progbits
  .globl _start, fail, pass, tohost
_start:
  csrr a0, mhartid
1:
  bnez a0, 1b
  la   t0, trap_m
  csrw mtvec, t0
  la   t0, trap_s
  csrw stvec, t0
  csrw medeleg, zero
  csrw mideleg, zero
  csrw mie, zero
  csrw satp, zero
  li   t0, -1
  csrw pmpaddr15, t0
  li   t0, (PMP_NAPOT | PMP_R | PMP_W | PMP_X) << 56
  csrw pmpcfg2, t0
  // Open what Smstateen guards, where it exists.
  la   tp, 2f
  li   t0, -1
  csrw CSR_MSTATEEN0, t0
2:
  li   t0, MSTATUS_FS
  csrw mstatus, t0
  fscsr zero
  li   tp, 0
  check 0
  j    test_body

// Both handlers write down what they saw and go on, in the handler's own
// mode, where `tp` says. A trap that no one expects ends the test.
  .balign 4
trap_m:
  csrr s6, mstatus
  li   s7, MODE_M
  csrr s8, mcause
  csrr s9, mtval
  csrr s10, mepc
  beqz tp, unexpected
  csrw mepc, tp
  li   tp, 0
  li   t6, MSTATUS_MPP
  csrs mstatus, t6
  li   t6, MSTATUS_MPIE
  csrc mstatus, t6
  mret

  .balign 4
trap_s:
  csrr s6, sstatus
  li   s7, MODE_S
  csrr s8, scause
  csrr s9, stval
  csrr s10, sepc
  beqz tp, unexpected
  csrw sepc, tp
  li   tp, 0
  li   t6, MSTATUS_SPP
  csrs sstatus, t6
  li   t6, MSTATUS_SPIE
  csrc sstatus, t6
  sret

unexpected:
  // The mailbox is written by machine mode for itself.
  addi t6, s7, -MODE_M
  bnez t6, 1f
  li   t6, MSTATUS_MPRV
  csrc mstatus, t6
1:
  // check | (cause + 1) << 16, and bit 24 for an interrupt
  addi t6, s8, 1
  slli t6, t6, 48
  srli t6, t6, 32
  or   gp, gp, t6
  srli t6, s8, 63
  slli t6, t6, 24
  or   gp, gp, t6
fail:
  slli gp, gp, 1
  ori  gp, gp, 1
  j    report
pass:
  li   gp, 1
report:
  la   t6, tohost
  sd   gp, 0(t6)
1:
  j    1b

  .balign 4
test_body:
.endm

.macro test_end
  j    pass
  .section .tohost, "aw", @nobits
  .balign 64
  .globl tohost, fromhost
  .type tohost, @object
  .size tohost, 8
  .type fromhost, @object
  .size fromhost, 8
tohost:
  .zero 64
fromhost:
  .zero 64
.endm

// Data of the test.
.macro test_data
  .section .data, "aw", @progbits
  .balign 64
.endm

// Zeroed pages, which take no room in the file.
.macro test_zeros
  .section .bss, "aw", @nobits
  .balign 4096
.endm

// Go on at the next instruction in this mode (from machine mode).
.macro enter mode:req
  li   t6, MSTATUS_MPP
  csrc mstatus, t6
  li   t6, \mode << 11
  csrs mstatus, t6
  la   t6, 96f
  csrw mepc, t6
  mret
96:
.endm

// Go on at the next instruction in machine mode: an ecall, not delegated.
.macro to_machine
  la   tp, 96f
  ecall
96:
  expect s7, MODE_M
.endm

// The CSR reads `value` after `write` is written.
.macro csr_write_read csr:req, write:req, value:req
  li   t0, \write
  csrw \csr, t0
  csrr a0, \csr
  expect a0, \value
.endm

// `insn` traps as illegal.
.macro must_be_illegal insn:vararg
  must_trap CAUSE_ILLEGAL, \insn
  expect_tval_illegal
.endm

// In this mode, `insn` traps to machine mode with this cause.
.macro traps_in mode:req, cause:req, insn:vararg
  enter \mode
  must_trap \cause, \insn
  expect s7, MODE_M
.endm

// In this mode, `insn` works.
.macro works_in mode:req, insn:vararg
  enter \mode
  \insn
  to_machine
.endm

// mip bit `irq` becomes `value`: soon, though the manual does not say at once
// for what comes from outside of the hart ("Machine Timer Registers").
.macro becomes irq:req, value:req
  li   t5, 100000
95:
  csrr t6, mip
  srli t6, t6, \irq
  andi t6, t6, 1
  addi t6, t6, -\value
  beqz t6, 96f
  addi t5, t5, -1
  bnez t5, 95b
  j    fail
96:
.endm
