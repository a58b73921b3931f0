// A page is written back and marked clean, and the fence is forgotten.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction" and "Addressing and Memory Protection"): a hart sets D at the
// first store that finds it clear. A TLB that holds the page with D set makes
// the store and leaves memory's D alone, until an sfence.vma.
//
// On hardware: the change is lost. The kernel finds the page clean, drops the
// frame, and reads the old contents back from disk later.
//
// report:  unsafe
// entry:   leaf_table[3] level 0
// changed: mark_clean, first_frame VRWAD -> first_frame VRWA
// used:    store_after_clean, store
// fence:   sfence.vma va, asid
// wrong:   check 2
#include "supervisor.h"

FUNCTION void mark_clean(void)
{
    set(&leaf_table[3], leaf_table[3] & ~(u64)D);
#ifndef BUG
    fence_page(PAGE(3));
#endif
}

FUNCTION void store_before(void) { store(PAGE(3), 5); }

FUNCTION void store_after_clean(void) { store(PAGE(3), 6); }

void test(void)
{
    map(3, first_frame, V | R | W | A | D);
    store_before();
    MUST(1, first_frame[0] == 5);
    mark_clean();
    store_after_clean();
    // The hart says that the page changed: by the bit, or by a fault.
    MUST(2, faults || (first_frame[0] == 6 && (leaf_table[3] & D)));
}
