// sfence.w.inval, sinval.vma and sfence.inval.ir together do what sfence.vma
// does (Svinval).
// env: p
#include "env.h"
#include "paging.h"

.macro switch n, symbol, invalidate:vararg
  check \n
  entry_for t4, \symbol, PTE_RWAD
  la   t6, leaves
  sd   t4, 0(t6)
  sfence.w.inval
  \invalidate
  sfence.inval.ir
  allowed MODE_S, ld a0, 0(s0)
  expect_at a0, \symbol
.endm

test_begin
  la   t0, one
  sd   t0, 0(t0)
  la   t0, two
  sd   t0, 0(t0)
  paging_on
  li   s0, WINDOW
  li   s1, 0
  map_page 0, one, PTE_RWAD
  allowed MODE_S, ld a0, 0(s0)
  switch 1, two, sinval.vma zero, zero
  switch 2, one, sinval.vma s0, zero
  switch 3, two, sinval.vma zero, s1
  switch 4, one, sinval.vma s0, s1
test_end

paging_tables
one:
  .zero 4096
two:
  .zero 4096
