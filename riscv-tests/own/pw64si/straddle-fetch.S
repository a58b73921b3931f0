// An instruction over two pages is fetched from both; when the second faults,
// the trap value is the second page and the exception pc the instruction
// (privileged manual, "Supervisor Trap Value Register").
// env: p
#include "env.h"
#include "paging.h"

test_begin
  // addi a0, zero, 5 over the edge, then an ecall.
  la   s1, one + 4096 - 2
  li   t0, 0x0513
  sh   t0, 0(s1)
  la   s2, two
  li   t0, 0x0050
  sh   t0, 0(s2)
  li   t0, 0x0073
  sh   t0, 2(s2)
  sh   zero, 4(s2)
  fence.i
  paging_on
  map_page 0, one, PTE_RWXAD
  map_page 1, two, PTE_RWXAD
  li   s0, WINDOW + 4096 - 2
  check 1
  li   a0, 0
  la   tp, 1f
  go   MODE_S, s0
1:
  expect s8, CAUSE_ECALL_S
  expect a0, 5
  // The second page is gone.
  check 2
  li   t5, 0
  set_leaf 1, t5
  li   a0, 0
  la   tp, 1f
  go   MODE_S, s0
1:
  expect s8, CAUSE_FETCH_PAGE
  expect_same s10, s0
  expect s9, WINDOW + 4096
  expect a0, 0
  // It is there, but not executable.
  check 3
  map_page 1, two, PTE_RWAD
  la   tp, 1f
  go   MODE_S, s0
1:
  expect s8, CAUSE_FETCH_PAGE
  expect_same s10, s0
  expect s9, WINDOW + 4096
  // Mapped onto another frame: the other second half runs.
  check 4
  la   t0, three
  li   t1, 0x0090
  sh   t1, 0(t0)
  li   t1, 0x0073
  sh   t1, 2(t0)
  sh   zero, 4(t0)
  fence.i
  map_page 1, three, PTE_RWXAD
  la   tp, 1f
  go   MODE_S, s0
1:
  expect s8, CAUSE_ECALL_S
  expect a0, 9
  // The first page is gone.
  check 5
  li   t5, 0
  set_leaf 0, t5
  fetch_fault MODE_S, s0
  // A two-byte instruction at the end of a page does not need the next one.
  check 6
  la   s1, one + 4096 - 2
  li   t0, 0x9002 // c.ebreak
  sh   t0, 0(s1)
  fence.i
  map_page 0, one, PTE_RWXAD
  li   t5, 0
  set_leaf 1, t5
  la   tp, 1f
  go   MODE_S, s0
1:
  expect s8, CAUSE_BREAKPOINT
test_end

paging_tables
one:
  .zero 4096
two:
  .zero 4096
three:
  .zero 4096
