// A page is unmapped, and the fence is forgotten.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction"): a store to a page table is an ordinary store. A hart may go
// on with any translation that it read before, until an sfence.vma that covers
// the address is executed after the store.
//
// On hardware: as long as the TLB holds the page, it can still be read and
// written. The frame is soon given to someone else, who then shares it with
// the old owner. Whether that is seen depends on what else the TLB had to do:
// most runs work.
//
// report:  unsafe
// entry:   leaf_table[3] level 0
// changed: unmap_page, first_frame VRWAD -> 0
// used:    use_after_unmap, load
// fence:   sfence.vma va, asid
// wrong:   check 2
#include "supervisor.h"

FUNCTION void unmap_page(void)
{
    set(&leaf_table[3], 0);
#ifndef BUG
    fence_page(PAGE(3));
#endif
}

FUNCTION u64 use_before(void) { return load(PAGE(3)); }

FUNCTION u64 use_after_unmap(void) { return load(PAGE(3)); }

void test(void)
{
    map(3, first_frame, V | R | W | A | D);
    MUST(1, use_before() == 1);
    unmap_page();
    MUST(2, use_after_unmap() == FAULTED);
}
