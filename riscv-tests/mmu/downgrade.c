// A page is made read-only, and the fence is forgotten.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction"): a right that is taken away in memory may last in a TLB until
// an sfence.vma for the page.
//
// On hardware: fork() makes pages read-only to share them between parent and
// child. Without the fence the parent's next store changes what the child
// sees. Nothing faults, and nothing crashes.
//
// report:  unsafe
// entry:   leaf_table[3] level 0
// changed: make_read_only, first_frame VRWAD -> first_frame VRAD
// used:    store_after_downgrade, store
// fence:   sfence.vma va, asid
// wrong:   check 2
#include "supervisor.h"

FUNCTION void make_read_only(void)
{
    set(&leaf_table[3], leaf_table[3] & ~(u64)W);
#ifndef BUG
    fence_page(PAGE(3));
#endif
}

FUNCTION void store_before(void) { store(PAGE(3), 5); }

FUNCTION void store_after_downgrade(void) { store(PAGE(3), 6); }

void test(void)
{
    map(3, first_frame, V | R | W | A | D);
    store_before();
    MUST(1, first_frame[0] == 5);
    make_read_only();
    store_after_downgrade();
    MUST(2, first_frame[0] == 5 && faults == 1);
}
