// A leaf with N set and its frame's low bits 1000 maps 64 KiB, the low page
// number taken from the address; other patterns and N in superpages are
// reserved (Svnapot).
// env: p
#include "env.h"
#include "paging.h"

test_begin
  paging_on
  // Sixteen leaves, all with the same NAPOT entry. `area` is 64 KiB-aligned.
  entry_for s2, area, PTE_RWXAD | PTE_N
  li   t0, 8 << 10
  or   s2, s2, t0
  la   t0, leaves + 32 * 8
  li   t1, 16
1:
  sd   s2, 0(t0)
  addi t0, t0, 8
  addi t1, t1, -1
  bnez t1, 1b
  sfence.vma
  // Each page goes to its own frame.
  la   s1, area
  li   s0, WINDOW + 32 * 4096
  li   s3, 16
  check 1
1:
  sd   s1, 8(s1)
  allowed MODE_S, ld a0, 8(s0)
  bne  a0, s1, fail
  allowed MODE_S, sd s0, 16(s0)
  ld   a0, 16(s1)
  bne  a0, s0, fail
  li   t0, 4096
  add  s0, s0, t0
  add  s1, s1, t0
  addi s3, s3, -1
  bnez s3, 1b
  // The page after is not mapped.
  check 2
  load_fault MODE_S, ld a0, 0(s0)
  // Other patterns of the low four bits.
  li   s0, WINDOW
  .irp pattern, 0, 1, 2, 4, 5, 7, 9, 12, 15
  check 10 + \pattern
  entry_for t4, area, PTE_RWXAD | PTE_N
  li   t0, \pattern << 10
  or   t4, t4, t0
  set_leaf 0, t4
  all_fault MODE_S
  .endr
  // N in a superpage.
  check 30
  li   s0, WINDOW + 0x200000
  li   t4, 0x80000000 >> 12 << 10 | PTE_RWXAD | PTE_N
  set_middle 1, t4
  all_fault MODE_S
  check 31
  li   t4, 0x80008000 >> 12 << 10 | PTE_RWXAD | PTE_N
  set_middle 1, t4
  all_fault MODE_S
test_end

paging_tables
  .balign 65536
area:
  .zero 65536
