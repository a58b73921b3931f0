// cbo.zero is a store; the management instructions need some access to the
// block and fault as stores; the trap value is an address in the block
// (Zicbom, Zicboz, "Faults").
// env: p
#include "env.h"
#include "paging.h"

.macro store_page_fault insn:vararg
  as_mode MODE_S
  must_trap CAUSE_STORE_PAGE, \insn
  as_machine
  srli t0, s9, 12
  srli t1, s0, 12
  expect_same t0, t1
.endm

test_begin
  li   t0, ENVCFG_CBZE | ENVCFG_CBCFE | ENVCFG_CBIE(3)
  csrw CSR_MENVCFG, t0
  paging_on
  li   s0, WINDOW + 0x40
  check 1
  store_page_fault cbo.zero 0(s0)
  store_page_fault cbo.clean 0(s0)
  store_page_fault cbo.flush 0(s0)
  store_page_fault cbo.inval 0(s0)
  // Read-only: the management instructions may pass, zeroing may not.
  check 2
  map_page 0, page, PTE_V | PTE_R | PTE_A | PTE_D
  store_page_fault cbo.zero 0(s0)
  allowed MODE_S, cbo.clean 0(s0)
  allowed MODE_S, cbo.flush 0(s0)
  check 3
  map_page 0, page, PTE_RWAD
  allowed MODE_S, sd s0, 0(s0)
  allowed MODE_S, cbo.clean 0(s0)
  allowed MODE_S, cbo.flush 0(s0)
  allowed MODE_S, ld a0, 0(s0)
  expect_same a0, s0
  allowed MODE_S, cbo.zero 0(s0)
  allowed MODE_S, ld a0, 0(s0)
  expect a0, 0
  // A prefetch never faults.
  check 4
  li   s0, WINDOW + 0x200000
  as_mode MODE_S
  prefetch.r 0(s0)
  prefetch.w 32(s0)
  prefetch.i -32(s0)
  as_machine
  // PMP is looked at too.
  check 5
  li   s0, WINDOW + 0x40
  la   t0, page
  srli t0, t0, 2
  ori  t0, t0, 0x1ff
  csrw pmpaddr0, t0
  pmp_config PMP_NAPOT
  sfence.vma
  store_denied MODE_S, cbo.zero 0(s0)
  store_denied MODE_S, cbo.flush 0(s0)
test_end

paging_tables
page:
  .zero 4096
