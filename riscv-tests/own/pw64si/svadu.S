// With menvcfg.ADUE = 1 the hart sets A on every access and D on stores, in
// the leaf only, and only for accesses that are allowed (Svadu).
// env: p
#include "env.h"
#include "paging.h"

#define FRESH (PTE_RWXAD & ~PTE_A & ~PTE_D)

.macro leaf_is bits
  la   t5, leaves
  ld   a2, 0(t5)
  andi a2, a2, 0xff
  expect a2, \bits
.endm

test_begin
  plant page
  paging_on
  li   t0, ENVCFG_ADUE
  csrs CSR_MENVCFG, t0
  li   s0, WINDOW
  check 1
  map_page 0, page, FRESH
  allowed MODE_S, lw a0, 0(s0)
  leaf_is FRESH | PTE_A
  check 2
  map_page 0, page, FRESH
  li   a1, 0x00000073
  allowed MODE_S, sw a1, 0(s0)
  leaf_is FRESH | PTE_A | PTE_D
  check 3
  map_page 0, page, FRESH
  fetch_allowed MODE_S, s0
  leaf_is FRESH | PTE_A
  // A load first, so that the page is known, then a store.
  check 4
  map_page 0, page, FRESH
  allowed MODE_S, lw a0, 0(s0)
  allowed MODE_S, sw a1, 0(s0)
  leaf_is FRESH | PTE_A | PTE_D
  check 5
  map_page 0, page, FRESH
  allowed MODE_S, amoadd.w a0, zero, (s0)
  leaf_is FRESH | PTE_A | PTE_D
  // What is not allowed changes nothing.
  check 6
  map_page 0, page, FRESH | PTE_U
  all_fault MODE_S
  leaf_is FRESH | PTE_U
  check 7
  map_page 0, page, PTE_V | PTE_R
  store_fault MODE_S, sw a1, 0(s0)
  fetch_fault MODE_S, s0
  leaf_is PTE_V | PTE_R
  check 8
  map_page 0, page, PTE_V | PTE_R | PTE_A
  store_fault MODE_S, sw a1, 0(s0)
  leaf_is PTE_V | PTE_R | PTE_A
  // The pointers keep their A and D clear.
  check 9
  la   t5, middle
  ld   a2, 0(t5)
  andi a2, a2, 0xff
  expect a2, PTE_V
  // A superpage is marked in its own table.
  check 10
  li   t5, 0x80000000 >> 12 << 10 | FRESH
  set_middle 1, t5
  li   s0, WINDOW + 0x200000
  allowed MODE_S, lw a0, 0(s0)
  la   t5, middle
  ld   a2, 8(t5)
  andi a2, a2, 0xff
  expect a2, FRESH | PTE_A
  // The entry must be writable memory for the hart too: PMP denies the update.
  check 11
  li   s0, WINDOW
  map_page 0, page, FRESH
  la   t0, leaves
  srli t0, t0, 2
  ori  t0, t0, 0x1ff
  csrw pmpaddr0, t0
  pmp_config PMP_NAPOT | PMP_R
  sfence.vma
  load_denied MODE_S, lw a0, 0(s0)
  store_denied MODE_S, sw a1, 0(s0)
  // ADUE off again: back to faults.
  check 12
  pmp_config 0
  li   t0, ENVCFG_ADUE
  csrc CSR_MENVCFG, t0
  map_page 0, page, FRESH
  all_fault MODE_S
test_end

paging_tables
page:
  .zero 4096
