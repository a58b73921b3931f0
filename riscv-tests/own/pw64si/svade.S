// With menvcfg.ADUE = 0 the hart leaves A and D to software: A clear faults
// every access, D clear faults stores; the entry is not written (Svade).
// env: p
#include "env.h"
#include "paging.h"

.macro leaf_is bits
  la   t5, leaves
  ld   a2, 0(t5)
  andi a2, a2, 0xff
  expect a2, \bits
.endm

test_begin
  plant page
  paging_on
  li   s0, WINDOW
  check 1
  map_page 0, page, PTE_RWXAD & ~PTE_A & ~PTE_D
  all_fault MODE_S
  leaf_is PTE_RWXAD & ~PTE_A & ~PTE_D
  // A comes before D.
  check 2
  map_page 0, page, PTE_RWXAD & ~PTE_A
  all_fault MODE_S
  leaf_is PTE_RWXAD & ~PTE_A
  check 3
  map_page 0, page, PTE_RWXAD & ~PTE_D
  allowed MODE_S, lb a0, 0(s0)
  fetch_allowed MODE_S, s0
  store_fault MODE_S, sb a0, 0(s0)
  store_fault MODE_S, amoadd.w a0, zero, (s0)
  allowed MODE_S, lr.w a0, (s0)
  store_fault MODE_S, sc.w a0, zero, (s0)
  leaf_is PTE_RWXAD & ~PTE_D
  check 4
  map_page 0, page, PTE_RWXAD
  allowed MODE_S, sw zero, 0(s0)
  leaf_is PTE_RWXAD
test_end

paging_tables
page:
  .zero 4096
