// Reserved bits of an entry, set, are page faults: bits 60 to 54 always, N and
// PBMT when nothing enables them, D, A and U in an entry that is no leaf
// (privileged manual, "Addressing and Memory Protection" of Sv39).
// env: p
#include "env.h"
#include "paging.h"

// The leaf with one more bit.
.macro bad_leaf bit
  entry_for t5, page, PTE_RWXAD | (1 << \bit)
  set_leaf 0, t5
  all_fault MODE_S
.endm

.macro bad_pointer bits
  entry_for t5, leaves, PTE_V | \bits
  set_middle 0, t5
  all_fault MODE_S
.endm

test_begin
  plant page
  paging_on
  li   s0, WINDOW
  map_page 0, page, PTE_RWXAD
  allowed MODE_S, lw a0, 0(s0)
  fetch_allowed MODE_S, s0
  .irp bit, 54, 55, 56, 57, 58, 59, 60
  check \bit
  bad_leaf \bit
  .endr
  // PBMT without menvcfg.PBMTE.
  check 61
  bad_leaf 61
  check 62
  bad_leaf 62
  // The bits for software and G are free.
  check 1
  map_page 0, page, PTE_RWXAD | 0x300 | PTE_G
  allowed MODE_S, lw a0, 0(s0)
  // Pointers.
  check 2
  bad_pointer PTE_A
  check 3
  bad_pointer PTE_D
  check 4
  bad_pointer PTE_U
  check 5
  bad_pointer (1 << 54)
  check 6
  bad_pointer (1 << 60)
  check 7
  bad_pointer PTE_N
  check 8
  bad_pointer PTE_PBMT(1)
  // G and the software bits are allowed in pointers.
  check 9
  entry_for t5, leaves, PTE_V | PTE_G | 0x300
  set_middle 0, t5
  allowed MODE_S, lw a0, 0(s0)
  // V clear: whatever the rest says.
  check 10
  map_page 0, page, PTE_RWXAD & ~PTE_V
  all_fault MODE_S
test_end

paging_tables
page:
  .zero 4096
