// The fence names the page beside the one that was unmapped.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction"): an sfence.vma with rs1 other than x0 covers the page that
// holds this address, and promises nothing about any other.
//
// On hardware: a loop that fences page by page and starts one too late leaves
// one page behind. It may work for years: many cores drop everything, whatever
// the fence says.
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
#ifdef BUG
    fence_page(PAGE(4));
#else
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
