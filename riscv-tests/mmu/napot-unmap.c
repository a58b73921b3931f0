// Sixteen pages that are one for the TLB (Svnapot) are unmapped without a fence.
//
// The rule (privileged manual, "Svnapot"): sixteen equal entries with N set
// may be cached as one entry for all 64 KiB, whichever of them was read. An
// sfence.vma for any address in the range covers it.
//
// On hardware: as after any unmap, but for sixteen frames at once. A hart
// without Svnapot faults at the first use, and then there is nothing to see.
//
// report:  unsafe
// entry:   leaf_table[21] level 0
// changed: unmap_range, large_frame VRWAD napot -> 0
// used:    use_after_unmap, load
// fence:   sfence.vma va, asid
// wrong:   check 1
#include "supervisor.h"

enum { FIRST = 16, COUNT = 16 };

FUNCTION void map_range(void)
{
    for (u64 i = FIRST; i < FIRST + COUNT; i++)
        set(&leaf_table[i], entry(large_frame, V | R | W | A | D) | NAPOT_64K);
    fence_page(PAGE(FIRST));
}

FUNCTION void unmap_range(void)
{
    for (u64 i = FIRST; i < FIRST + COUNT; i++)
        set(&leaf_table[i], 0);
#ifndef BUG
    fence_page(PAGE(FIRST));
#endif
}

FUNCTION void use_before(void) { store(PAGE(21), 5); }

FUNCTION u64 use_after_unmap(void) { return load(PAGE(21)); }

void test(void)
{
    map_range();
    use_before();
    if (faults)
        return;
    unmap_range();
    MUST(1, use_after_unmap() == FAULTED);
}
