// After an entry changes and sfence.vma covers it, by everything, by address,
// by address space or by both, the new entry is used (privileged manual,
// "Supervisor Memory-Management Fence Instruction").
// env: p
#include "env.h"
#include "paging.h"

// Point the leaf at `symbol` with this fence, and look.
.macro switch n, symbol, fence:vararg
  check \n
  entry_for t4, \symbol, PTE_RWXAD
  la   t6, leaves
  sd   t4, 0(t6)
  \fence
  allowed MODE_S, ld a0, 8(s0)
  la   a1, \symbol
  ld   a1, 8(a1)
  expect_same a0, a1
  la   tp, 1f
  go   MODE_S, s0
1:
  expect s8, CAUSE_ECALL_S
  expect_same a4, a1
.endm

test_begin
  // Each page holds `ld a4, 8(s0)`, an ecall and a number of its own.
  .irp symbol, one, two
  la   t0, \symbol
  li   t1, 0x00843703 // ld a4, 8(s0)
  sw   t1, 0(t0)
  li   t1, 0x00000073
  sw   t1, 4(t0)
  sd   t0, 8(t0)
  .endr
  fence.i
  paging_on
  li   s0, WINDOW
  li   s1, 0
  map_page 0, one, PTE_RWXAD
  allowed MODE_S, ld a0, 8(s0)
  switch 1, two, sfence.vma
  switch 2, one, sfence.vma s0, zero
  switch 3, two, sfence.vma zero, s1
  switch 4, one, sfence.vma s0, s1
  // Taking it away.
  check 5
  la   t6, leaves
  sd   zero, 0(t6)
  sfence.vma s0, zero
  all_fault MODE_S
  // A fence for any address in the page covers the page.
  check 6
  map_page 0, one, PTE_RWXAD
  allowed MODE_S, ld a0, 8(s0)
  entry_for t4, two, PTE_RWXAD
  la   t6, leaves
  sd   t4, 0(t6)
  li   t0, 0xffe
  add  t0, t0, s0
  sfence.vma t0, zero
  allowed MODE_S, ld a0, 8(s0)
  expect_at a0, two
  // A pointer in the middle, with a fence for one address under it.
  check 7
  la   t0, others
  entry_for t4, one, PTE_RWXAD
  sd   t4, 0(t0)
  entry_for t4, others, PTE_V
  la   t6, middle
  sd   t4, 0(t6)
  sfence.vma s0, zero
  allowed MODE_S, ld a0, 8(s0)
  expect_at a0, one
  // Rights taken back.
  check 8
  la   t0, others
  entry_for t4, one, PTE_V | PTE_R | PTE_A
  sd   t4, 0(t0)
  sfence.vma s0, zero
  store_fault MODE_S, sd a0, 0(s0)
  fetch_fault MODE_S, s0
test_end

paging_tables
others:
  .zero 4096
one:
  .zero 4096
two:
  .zero 4096
