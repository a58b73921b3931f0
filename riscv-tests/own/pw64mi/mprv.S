// With MPRV set, loads and stores of machine mode are translated and checked
// as in the mode of MPP; fetches are not. SUM and MXR count for them as they
// do in supervisor mode (privileged manual, "Memory Privilege in mstatus
// Register").
// env: p
#include "env.h"
#include "pmp.h"

.macro page_fault mode, cause, insn:vararg
  as_mode \mode
  must_trap \cause, \insn
  as_machine
  expect_same s9, s0
.endm

test_begin
  la   s1, frame
  la   s2, leaves
  la   t0, root
  la   t1, middle
  srli t2, t1, 2
  ori  t2, t2, PTE_V
  sd   t2, 1 * 8(t0)
  srli t2, s2, 2
  ori  t2, t2, PTE_V
  sd   t2, 0(t1)
  srli t0, t0, 12
  li   t3, SATP_SV39
  or   t0, t0, t3
  csrw satp, t0
  sfence.vma
  // Page 0 for supervisors, 1 for users, 2 to execute only.
  srli s3, s1, 2
  ori  t0, s3, PTE_RWAD
  sd   t0, 0(s2)
  ori  t0, s3, PTE_RWAD | PTE_U
  sd   t0, 8(s2)
  ori  t0, s3, PTE_V | PTE_X | PTE_A
  sd   t0, 16(s2)
  li   s0, 0x40000000
  check 1
  li   a1, 0x1234
  allowed MODE_S, sd a1, 0(s0)
  allowed MODE_S, ld a0, 0(s0)
  expect a0, 0x1234
  ld   a0, 0(s1)
  expect a0, 0x1234
  check 2
  page_fault MODE_U, CAUSE_LOAD_PAGE, ld a0, 0(s0)
  page_fault MODE_U, CAUSE_STORE_PAGE, sd a0, 0(s0)
  // MPP = M: no translation at all.
  check 3
  as_mode MODE_M
  ld   a0, 0(s1)
  as_machine
  expect a0, 0x1234
  // The user's page, with and without SUM.
  check 4
  li   s0, 0x40001000
  allowed MODE_U, ld a0, 0(s0)
  expect a0, 0x1234
  page_fault MODE_S, CAUSE_LOAD_PAGE, ld a0, 0(s0)
  page_fault MODE_S, CAUSE_STORE_PAGE, sd a0, 0(s0)
  li   t0, MSTATUS_SUM
  csrs mstatus, t0
  allowed MODE_S, ld a0, 0(s0)
  allowed MODE_S, sd a0, 0(s0)
  csrc mstatus, t0
  page_fault MODE_S, CAUSE_LOAD_PAGE, ld a0, 0(s0)
  // The page to execute, with and without MXR. Stores never.
  check 5
  li   s0, 0x40002000
  page_fault MODE_S, CAUSE_LOAD_PAGE, ld a0, 0(s0)
  li   t0, MSTATUS_MXR
  csrs mstatus, t0
  allowed MODE_S, ld a0, 0(s0)
  expect a0, 0x1234
  page_fault MODE_S, CAUSE_STORE_PAGE, sd a0, 0(s0)
  page_fault MODE_S, CAUSE_STORE_PAGE, amoadd.d a0, zero, (s0)
  csrc mstatus, t0
  page_fault MODE_S, CAUSE_LOAD_PAGE, ld a0, 0(s0)
  // A trap keeps MPRV; the way out of machine mode drops it.
  check 6
  as_mode MODE_S
  must_trap CAUSE_ECALL_M, ecall
  csrr a0, mstatus
  expect_bits a0, MSTATUS_MPRV, MSTATUS_MPRV
  as_machine
test_end

test_zeros
root:
  .zero 4096
middle:
  .zero 4096
leaves:
  .zero 4096
frame:
  .zero 4096
