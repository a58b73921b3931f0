// A page of another address space is unmapped; the fence names the own space.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction"): an sfence.vma with rs2 other than x0 covers the space with
// that number. It is the number of the space that was changed, not of the one
// that satp holds at the time.
//
// On hardware: translations of the other space wait in the TLB under its ASID.
// The kernel switches to it, without a fence since that is what ASIDs are for,
// and the page that was taken away is there.
//
// report:  unsafe
// entry:   other_leaf[3] level 0
// changed: unmap_in_other_space, first_frame VRWAD -> 0
// used:    use_after_unmap, load
// fence:   sfence.vma va, asid
// wrong:   check 2
#include "supervisor.h"

enum { OTHER = 2 };

static table other_root, other_middle, other_leaf;

FUNCTION void make_other_space(void)
{
    other_root[2] = root_table[2]; // the supervisor, global
    other_root[1] = entry(other_middle, V);
    other_middle[0] = entry(other_leaf, V);
    other_leaf[3] = entry(first_frame, V | R | W | A | D);
}

FUNCTION void unmap_in_other_space(void)
{
    set(&other_leaf[3], 0);
#ifdef BUG
    fence_page_in_space(PAGE(3), ASID);
#else
    fence_page_in_space(PAGE(3), OTHER);
#endif
}

FUNCTION u64 use_before(void) { return load(PAGE(3)); }

FUNCTION u64 use_after_unmap(void) { return load(PAGE(3)); }

void test(void)
{
    make_other_space();
    switch_space(other_root, OTHER);
    MUST(1, use_before() == 1);
    switch_space(root_table, ASID);
    unmap_in_other_space();
    switch_space(other_root, OTHER);
    MUST(2, use_after_unmap() == FAULTED);
}
