// Code in supervisor mode under Sv39: fetch, load, store and traps use the
// tables; a delegated page fault is mended by the supervisor and the
// instruction runs again (privileged manual, "Supervisor-Level Memory
// Management").
// env: p
#include "env.h"
#include "paging.h"

test_begin
  paging_on
  la   t0, page
  li   t1, 0x77
  sd   t1, 0x238(t0)
  li   t0, 1 << CAUSE_LOAD_PAGE | 1 << CAUSE_STORE_PAGE
  csrw medeleg, t0
  enter MODE_S
  li   s0, WINDOW + 0x238
  check 1
  must_trap CAUSE_LOAD_PAGE, ld a0, 0(s0)
  expect s7, MODE_S
  expect_same s9, s0
  expect_bits s6, MSTATUS_SPP, MSTATUS_SPP
  // Mended here, in supervisor mode, and tried again.
  check 2
  map_page 0, page, PTE_V | PTE_R | PTE_A
  ld   a0, 0(s0)
  expect a0, 0x77
  check 3
  must_trap CAUSE_STORE_PAGE, sd s0, 0(s0)
  expect s7, MODE_S
  map_page 0, page, PTE_RWAD
  sd   s0, 0(s0)
  ld   a0, 0(s0)
  expect_same a0, s0
  // satp can be read and written here; leaving translation leaves this code
  // where it is, since it is mapped onto itself.
  check 4
  csrr s1, satp
  csrw satp, zero
  sfence.vma
  la   t0, page
  ld   a0, 0x238(t0)
  expect_same a0, s0
  csrw satp, s1
  sfence.vma
  ld   a0, 0(s0)
  expect_same a0, s0
  check 5
  to_machine
test_end

paging_tables
page:
  .zero 4096
