// Leaves of the upper levels are 2 MiB and 1 GiB pages; the low page numbers
// of the frame must be 0, and come from the address (privileged manual,
// "Virtual Address Translation Process", steps 6 and 9).
// env: p
#include "env.h"
#include "paging.h"

test_begin
  plant page
  la   s1, page
  li   a1, 0x5a5a
  sw   a1, 8(s1)
  paging_on
  // A gigabyte.
  check 1
  li   t5, 0x80000000 >> 12 << 10 | PTE_RWXAD
  set_root 0, t5
  li   t0, 0x80000000
  sub  s0, s1, t0
  allowed MODE_S, lw a0, 8(s0)
  expect_same a0, a1
  fetch_allowed MODE_S, s0
  // Two megabytes: entry 5 of the middle table, over the start of RAM.
  check 2
  li   t5, 0x80000000 >> 12 << 10 | PTE_RWXAD
  set_middle 5, t5
  li   t0, 0x80000000 - (WINDOW + 5 * 0x200000)
  sub  s0, s1, t0
  allowed MODE_S, lw a0, 8(s0)
  expect_same a0, a1
  fetch_allowed MODE_S, s0
  allowed MODE_S, sw zero, 8(s0)
  lw   a0, 8(s1)
  expect a0, 0
  // The last byte of it and the next.
  check 3
  li   s0, WINDOW + 6 * 0x200000
  allowed MODE_S, lb a0, -1(s0)
  load_fault MODE_S, lb a0, 0(s0)
  // Misaligned, by the lowest and by the highest bit that must be 0.
  check 4
  li   s0, WINDOW + 5 * 0x200000
  li   t5, 0x80001000 >> 12 << 10 | PTE_RWXAD
  set_middle 5, t5
  all_fault MODE_S
  check 5
  li   t5, 0x80100000 >> 12 << 10 | PTE_RWXAD
  set_middle 5, t5
  all_fault MODE_S
  check 6
  li   s0, 0
  li   t5, 0x80001000 >> 12 << 10 | PTE_RWXAD
  set_root 0, t5
  all_fault MODE_S
  check 7
  li   t5, 0xa0000000 >> 12 << 10 | PTE_RWXAD
  set_root 0, t5
  all_fault MODE_S
  check 8
  li   t5, 0x80200000 >> 12 << 10 | PTE_RWXAD
  set_root 0, t5
  all_fault MODE_S
test_end

paging_tables
page:
  .zero 4096
