// A misaligned access over two pages translates both; when the second faults,
// the trap value is that page's first byte, the first page's fault comes
// first, and rd keeps its value (privileged manual, "Supervisor Trap Value
// Register").
// env: p
#include "env.h"
#include "paging.h"

test_begin
  paging_on
  // Two pages in the wrong order, so that they are not adjacent in memory.
  map_page 0, second, PTE_RWAD
  map_page 1, first, PTE_RWAD
  li   s0, WINDOW + 4096
  li   a1, 0x1122334455667788
  check 1
  allowed MODE_S, sd a1, -3(s0)
  allowed MODE_S, ld a0, -3(s0)
  expect_same a0, a1
  la   t0, second + 4096 - 3
  lbu  a0, 0(t0)
  expect a0, 0x88
  lbu  a0, 2(t0)
  expect a0, 0x66
  la   t0, first
  lbu  a0, 0(t0)
  expect a0, 0x55
  lbu  a0, 4(t0)
  expect a0, 0x11
  // The second page is not there.
  li   t5, 0
  set_leaf 1, t5
  li   a0, 77
  check 2
  load_fault MODE_S, ld a0, -3(s0)
  expect a0, 77
  check 3
  load_fault MODE_S, lw a0, -1(s0)
  check 4
  load_fault MODE_S, lh a0, -1(s0)
  check 5
  store_fault MODE_S, sd a1, -1(s0)
  check 6
  store_fault MODE_S, sh a1, -1(s0)
  expect a0, 77
  // It is there, but may not be written.
  check 7
  map_page 1, first, PTE_V | PTE_R | PTE_A
  allowed MODE_S, ld a0, -3(s0)
  store_fault MODE_S, sd a1, -3(s0)
  // Neither is there: the first page's fault, at the access's own address.
  check 8
  li   t5, 0
  set_leaf 0, t5
  set_leaf 1, t5
  addi s0, s0, -3
  load_fault MODE_S, ld a0, 0(s0)
  store_fault MODE_S, sd a1, 0(s0)
  // Only the first is missing.
  check 9
  map_page 1, first, PTE_RWAD
  load_fault MODE_S, ld a0, 0(s0)
  store_fault MODE_S, sd a1, 0(s0)
test_end

paging_tables
first:
  .zero 4096
  .zero 4096
second:
  .zero 4096
