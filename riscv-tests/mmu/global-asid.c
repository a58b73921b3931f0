// A global page is unmapped; the fence names an address space.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction"): with rs2 other than x0 the fence leaves global mappings out.
// They belong to no space, so only the forms with rs2 = x0 cover them.
//
// On hardware: kernels mark their own pages global, and have one function that
// fences "the page in the current space". Used on a kernel page it does
// nothing, in this space and in all others.
//
// report:  unsafe
// entry:   leaf_table[3] level 0
// changed: unmap_global_page, first_frame VRWGAD -> 0
// used:    use_after_unmap, load
// fence:   sfence.vma va, zero
// wrong:   check 2
#include "supervisor.h"

FUNCTION void unmap_global_page(void)
{
    set(&leaf_table[3], 0);
#ifdef BUG
    fence_page_in_space(PAGE(3), ASID);
#else
    fence_page(PAGE(3));
#endif
}

FUNCTION u64 use_before(void) { return load(PAGE(3)); }

FUNCTION u64 use_after_unmap(void) { return load(PAGE(3)); }

void test(void)
{
    map(3, first_frame, V | R | W | G | A | D);
    MUST(1, use_before() == 1);
    unmap_global_page();
    MUST(2, use_after_unmap() == FAULTED);
}
