// With menvcfg.PBMTE the memory types 1 and 2 may be used in leaves of every
// level; type 3, and any type in a pointer, are reserved (Svpbmt).
// env: p
#include "env.h"
#include "paging.h"

test_begin
  plant page
  paging_on
  li   s0, WINDOW
  li   t0, ENVCFG_PBMTE
  csrs CSR_MENVCFG, t0
  sfence.vma
  .irp type, 0, 1, 2
  check 1 + \type
  entry_for t4, page, PTE_RWXAD | PTE_PBMT(\type)
  set_leaf 0, t4
  allowed MODE_S, lw a0, 0(s0)
  allowed MODE_S, sw a0, 0(s0)
  fetch_allowed MODE_S, s0
  .endr
  check 4
  entry_for t4, page, PTE_RWXAD | PTE_PBMT(3)
  set_leaf 0, t4
  all_fault MODE_S
  check 5
  li   s0, WINDOW + 0x200000
  li   t4, 0x80000000 >> 12 << 10 | PTE_RWXAD | PTE_PBMT(1)
  set_middle 1, t4
  allowed MODE_S, lw a0, 0(s0)
  check 6
  li   s0, WINDOW
  map_page 0, page, PTE_RWXAD
  .irp type, 1, 2, 3
  entry_for t4, leaves, PTE_V | PTE_PBMT(\type)
  set_middle 0, t4
  all_fault MODE_S
  .endr
  entry_for t4, leaves, PTE_V
  set_middle 0, t4
  allowed MODE_S, lw a0, 0(s0)
  // PBMTE off: reserved again.
  check 7
  li   t0, ENVCFG_PBMTE
  csrc CSR_MENVCFG, t0
  entry_for t4, page, PTE_RWXAD | PTE_PBMT(1)
  set_leaf 0, t4
  all_fault MODE_S
test_end

paging_tables
page:
  .zero 4096
