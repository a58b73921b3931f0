// An AMO needs both rights at once and faults as a store, even one that would
// not write; LR needs only to read, SC to write (unprivileged manual, "Atomic
// Memory Operations"; Zacas: a failed compare still needs write permission).
// env: p
#include "env.h"
#include "paging.h"

test_begin
  paging_on
  li   s0, WINDOW
  li   a0, 1
  li   a1, 2
  la   t0, page
  sd   zero, 0(t0)
  // Read-only.
  map_page 0, page, PTE_V | PTE_R | PTE_A | PTE_D
  check 1
  store_fault MODE_S, amoadd.w a0, a1, (s0)
  store_fault MODE_S, amoor.d a0, zero, (s0)
  check 2
  // Memory holds 0, so the compare fails.
  store_fault MODE_S, amocas.w a0, a1, s0
  store_fault MODE_S, amocas.d a0, a1, s0
  store_fault MODE_S, amocas.b a0, a1, s0
  store_fault MODE_S, amocas.q a0, a2, s0
  check 3
  store_fault MODE_S, amoadd.b a0, a1, s0
  store_fault MODE_S, amomaxu.h a0, a1, s0
  check 4
  allowed MODE_S, lr.w a0, (s0)
  store_fault MODE_S, sc.w a0, a1, (s0)
  check 5
  allowed MODE_S, lr.d a0, (s0)
  store_fault MODE_S, sc.d a0, a1, (s0)
  // Execute-only and not there at all: a load for LR, a store for the rest.
  check 6
  map_page 0, page, PTE_V | PTE_X | PTE_A | PTE_D
  load_fault MODE_S, lr.d a0, (s0)
  store_fault MODE_S, amoswap.d a0, a1, (s0)
  check 7
  li   t5, 0
  set_leaf 0, t5
  load_fault MODE_S, lr.w a0, (s0)
  store_fault MODE_S, amoand.d a0, a1, (s0)
  store_fault MODE_S, amocas.d a0, a1, s0
  // Memory is as it was.
  check 8
  la   t0, page
  ld   a0, 0(t0)
  expect a0, 0
test_end

paging_tables
page:
  .zero 4096
