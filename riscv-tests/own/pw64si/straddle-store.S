// A store over two pages whose second page faults writes nothing. The manual
// lets a hart write the first part ("Virtual Address Translation Process", on
// misaligned accesses), and Spike does; Pagewalk promises that it does not.
// env: p
#include "env.h"
#include "paging.h"

test_begin
  paging_on
  map_page 0, page, PTE_RWAD
  li   s0, WINDOW + 4096
  la   s1, page + 4096 - 8
  li   a1, -1
  .irp offset, 1, 2, 3, 4, 5, 6, 7
  check \offset
  sd   zero, 0(s1)
  store_fault MODE_S, sd a1, -\offset(s0)
  ld   a0, 0(s1)
  bnez a0, fail
  .endr
  check 8
  store_fault MODE_S, sw a1, -2(s0)
  ld   a0, 0(s1)
  bnez a0, fail
  store_fault MODE_S, sh a1, -1(s0)
  ld   a0, 0(s1)
  bnez a0, fail
  // Denied by D clear, and by W clear.
  check 9
  map_page 1, page, PTE_V | PTE_R | PTE_W | PTE_A
  store_fault MODE_S, sd a1, -4(s0)
  ld   a0, 0(s1)
  bnez a0, fail
  check 10
  map_page 1, page, PTE_V | PTE_R | PTE_A
  store_fault MODE_S, sd a1, -4(s0)
  ld   a0, 0(s1)
  bnez a0, fail
test_end

paging_tables
page:
  .zero 4096
