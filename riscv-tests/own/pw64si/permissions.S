// Each combination of R, W, X and U against each kind of access in each mode
// (privileged manual, "Virtual Address Translation Process", steps 5 and 6).
// env: p
#include "env.h"
#include "paging.h"

.macro load mode, ok
  .if \ok
  allowed \mode, lw a0, 0(s0)
  .else
  load_fault \mode, lw a0, 0(s0)
  .endif
.endm
.macro store mode, ok
  .if \ok
  allowed \mode, sw s1, 0(s0)
  allowed \mode, amoswap.w a0, s1, (s0)
  .else
  store_fault \mode, sw s1, 0(s0)
  store_fault \mode, amoswap.w a0, s1, (s0)
  .endif
.endm
.macro fetch mode, ok
  .if \ok
  fetch_allowed \mode, s0
  .else
  fetch_fault \mode, s0
  .endif
.endm

// A supervisor's page with these bits, then a user's.
.macro case n, bits, r, w, x
  check \n
  map_page 0, page, \bits | PTE_V | PTE_A | PTE_D
  load MODE_S, \r
  store MODE_S, \w
  fetch MODE_S, \x
  check \n + 1
  load MODE_U, 0
  store MODE_U, 0
  fetch MODE_U, 0
  check \n + 2
  map_page 0, page, \bits | PTE_V | PTE_A | PTE_D | PTE_U
  load MODE_U, \r
  store MODE_U, \w
  fetch MODE_U, \x
  check \n + 3
  load MODE_S, 0
  store MODE_S, 0
  fetch MODE_S, 0
  // SUM opens data, never code.
  check \n + 4
  li   t0, MSTATUS_SUM
  csrs mstatus, t0
  load MODE_S, \r
  store MODE_S, \w
  fetch MODE_S, 0
  li   t0, MSTATUS_SUM
  csrc mstatus, t0
.endm

test_begin
  plant page
  li   s1, 0x00000073
  li   s0, WINDOW
  paging_on
  case 10, PTE_R, 1, 0, 0
  case 20, PTE_R | PTE_W, 1, 1, 0
  case 30, PTE_X, 0, 0, 1
  case 40, PTE_R | PTE_X, 1, 0, 1
  case 50, PTE_R | PTE_W | PTE_X, 1, 1, 1
  // W without R is reserved: nothing works.
  case 60, PTE_W, 0, 0, 0
  case 70, PTE_W | PTE_X, 0, 0, 0
test_end

paging_tables
page:
  .zero 4096
