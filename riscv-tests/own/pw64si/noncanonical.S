// An address whose bits 63 to 39 are not all equal to bit 38 page-faults, with
// the whole address in the trap value; the upper half of the space works
// (privileged manual, "Addressing and Memory Protection" of Sv39).
// env: p
#include "env.h"
#include "paging.h"

.macro case n, address
  check \n
  li   s0, \address
  all_fault MODE_S
  all_fault MODE_U
.endm

test_begin
  plant page
  paging_on
  // The window is at root[1] and, for user and supervisor, at root[511].
  entry_for t5, middle, PTE_V
  set_root 511, t5
  map_page 0, page, PTE_RWXAD
  check 1
  li   s0, WINDOW
  allowed MODE_S, lw a0, 0(s0)
  check 2
  li   s0, 0xffffffffc0000000
  allowed MODE_S, lw a0, 0(s0)
  fetch_allowed MODE_S, s0
  // The same low bits with one bit too many or too few.
  case 3, 0x0000008040000000
  case 4, 0x8000000040000000
  case 5, 0x4000000040000000
  case 6, 0x0000004040000000
  case 7, 0x7fffffffc0000000
  case 8, 0xffffffbfc0000000
  case 9, 0x0000007fc0000000
  case 10, 0xfffffeffc0000000
test_end

paging_tables
page:
  .zero 4096
