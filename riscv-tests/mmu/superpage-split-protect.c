// A 2 MiB page is split to make one 4 KiB page read-only, without a fence.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction"): the frames stay the same, so all reads are right with or
// without a fence. Rights count as much as addresses: the TLB's large entry
// still gives the right to write, until sfence.vma.
//
// On hardware: a kernel maps itself with large pages and then protects its
// constants. Without the fence they stay writable for as long as the entry for
// the large page lives, which for a kernel can be for ever.
//
// report:  unsafe
// entry:   middle_table[1] level 1
// changed: protect_one_page, large_frame VRWAD -> small_table V
// used:    store_after_protect, store
// fence:   sfence.vma va, asid
// wrong:   check 1
#include "supervisor.h"

static table small_table;

FUNCTION void protect_one_page(void)
{
    for (u64 i = 0; i < ENTRIES; i++)
        set(&small_table[i], entry((char *)large_frame + i * PAGE_SIZE, V | R | W | A | D));
    set(&small_table[3], small_table[3] & ~(u64)W);
    set(&middle_table[1], entry(small_table, V));
#ifndef BUG
    fence_all();
#endif
}

FUNCTION void store_before(void) { store(LARGE(1) + 3 * PAGE_SIZE, 5); }

FUNCTION void store_after_protect(void) { store(LARGE(1) + 3 * PAGE_SIZE, 6); }

void test(void)
{
    set(&middle_table[1], entry(large_frame, V | R | W | A | D));
    fence_all();
    store_before();
    protect_one_page();
    store_after_protect();
    MUST(1, faults == 1);
}
