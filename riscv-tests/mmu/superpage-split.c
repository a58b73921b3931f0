// A 2 MiB page is split into 4 KiB pages, one of them moved, without a fence.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction"): the TLB may hold the large page as one entry, and that entry
// answers for all 512 small ones until an sfence.vma for an address in the
// large page, or for all.
//
// On hardware: copy-on-write of one small page goes wrong, since the program
// goes on with the page that it shares. The large entry and small ones may even
// be in the TLB together, and either may answer. So a split should change
// nothing else: split, fence, then change the one page.
//
// report:  unsafe
// entry:   middle_table[1] level 1
// changed: split_page, large_frame VRWAD -> small_table V
// used:    use_after_split, load
// fence:   sfence.vma va, asid
// wrong:   check 1
#include "supervisor.h"

static table small_table;

FUNCTION void split_page(void)
{
    for (u64 i = 0; i < ENTRIES; i++)
        set(&small_table[i], entry((char *)large_frame + i * PAGE_SIZE, V | R | W | A | D));
    set(&small_table[3], entry(second_frame, V | R | W | A | D));
    set(&middle_table[1], entry(small_table, V));
#ifndef BUG
    fence_all();
#endif
}

FUNCTION void use_before(void) { store(LARGE(1) + 3 * PAGE_SIZE, 5); }

FUNCTION u64 use_after_split(void) { return load(LARGE(1) + 3 * PAGE_SIZE); }

void test(void)
{
    set(&middle_table[1], entry(large_frame, V | R | W | A | D));
    fence_all();
    use_before();
    split_page();
    MUST(1, use_after_split() == 2);
}
