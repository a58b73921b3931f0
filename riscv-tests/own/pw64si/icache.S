// Code seen through two addresses is one code: a store through one mapping and
// fence.i change what runs through the other; a remap changes what runs at the
// same address (unprivileged manual, "Zifencei").
// env: p
#include "env.h"
#include "paging.h"

// Run the code at s0, an addi a0 and an ecall.
.macro run value
  li   a0, 0
  la   tp, 1f
  go   MODE_S, s0
1:
  expect s8, CAUSE_ECALL_S
  expect a0, \value
.endm

.macro write_code address, immediate
  li   t1, 0x00000513 | \immediate << 20 // addi a0, zero, immediate
  sw   t1, 0(\address)
  li   t1, 0x00000073
  sw   t1, 4(\address)
.endm

test_begin
  la   s1, one
  la   s2, two
  write_code s1, 1
  write_code s2, 2
  fence.i
  paging_on
  map_page 0, one, PTE_RWXAD
  map_page 1, one, PTE_RWXAD
  check 1
  li   s0, WINDOW
  run  1
  li   s0, WINDOW + 4096
  run  1
  // Written by its physical address.
  check 2
  write_code s1, 3
  fence.i
  run  3
  li   s0, WINDOW
  run  3
  // Written by the other virtual address.
  check 3
  li   t0, WINDOW + 4096
  li   t1, 0x00000513 | 4 << 20
  allowed MODE_S, sw t1, 0(t0)
  fence.i
  run  4
  // Remapped: sfence.vma alone is enough.
  check 4
  map_page 0, two, PTE_RWXAD
  run  2
  map_page 0, one, PTE_RWXAD
  run  4
test_end

paging_tables
one:
  .zero 4096
two:
  .zero 4096
