// 512 pages of 4 KiB become one of 2 MiB, without a fence.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction"): the entry that pointed to a table is now a leaf. Translations
// of single pages made through the old table stay valid in the TLB until an
// sfence.vma with rs1 = x0.
//
// On hardware: the kernel copies the small pages into one large frame, merges
// them, and frees the small frames. Pages that were used lately still go to
// the small frames. And once the large entry is loaded as well, two entries of
// the TLB answer for one address.
//
// report:  unsafe
// entry:   middle_table[1] level 1
// changed: merge_pages, small_table V -> large_frame VRWAD
// used:    use_after_merge, load
// fence:   sfence.vma zero, asid
// wrong:   check 2
#include "supervisor.h"

static table small_table;

FUNCTION void merge_pages(void)
{
    set(&middle_table[1], entry(large_frame, V | R | W | A | D));
#ifndef BUG
    fence_all();
#endif
}

FUNCTION u64 use_before(void) { return load(LARGE(1) + 3 * PAGE_SIZE); }

FUNCTION u64 use_after_merge(void) { return load(LARGE(1) + 3 * PAGE_SIZE); }

void test(void)
{
    set(&small_table[3], entry(first_frame, V | R | W | A | D));
    set(&middle_table[1], entry(small_table, V));
    fence_all();
    MUST(1, use_before() == 1);
    merge_pages();
    MUST(2, use_after_merge() == 0);
}
