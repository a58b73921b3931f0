// MXR makes executable pages readable, for supervisors and users, and takes
// effect at once; it makes nothing writable and opens no page of the other
// mode (privileged manual, "Memory Privilege in mstatus Register").
// env: p
#include "env.h"
#include "paging.h"

test_begin
  paging_on
  li   s0, WINDOW
  li   s2, MSTATUS_MXR
  map_page 0, page, PTE_V | PTE_X | PTE_A | PTE_D
  check 1
  load_fault MODE_S, lw a0, 0(s0)
  csrs mstatus, s2
  allowed MODE_S, lw a0, 0(s0)
  store_fault MODE_S, sw a0, 0(s0)
  load_fault MODE_U, lw a0, 0(s0)
  csrc mstatus, s2
  load_fault MODE_S, lw a0, 0(s0)
  check 2
  map_page 0, page, PTE_V | PTE_X | PTE_U | PTE_A | PTE_D
  load_fault MODE_U, lw a0, 0(s0)
  csrs mstatus, s2
  allowed MODE_U, lw a0, 0(s0)
  load_fault MODE_S, lw a0, 0(s0)
  // With SUM too.
  check 3
  li   t0, MSTATUS_SUM
  csrs mstatus, t0
  allowed MODE_S, lw a0, 0(s0)
  csrc mstatus, s2
  load_fault MODE_S, lw a0, 0(s0)
  li   t0, MSTATUS_SUM
  csrc mstatus, t0
  // A page that is neither readable nor executable does not exist as a leaf:
  // a pointer at the last level.
  check 4
  csrs mstatus, s2
  map_page 0, page, PTE_V
  all_fault MODE_S
test_end

paging_tables
page:
  .zero 4096
