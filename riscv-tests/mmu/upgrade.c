// A read-only page becomes writable, without a fence.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction"): a TLB may answer with the old, smaller rights until an
// sfence.vma. The store then faults, though the tables allow it.
//
// On hardware: this is legal, and a kernel may save the fence if its fault
// handler notices that the entry is fine, fences and tries again, as this one
// does. One that does not, takes the fault for an error.
//
// report:  spurious
// entry:   leaf_table[3] level 0
// changed: allow_stores, first_frame VRA -> first_frame VRWAD
// used:    store_after_upgrade, store
// fence:   sfence.vma va, asid
// wrong:   check 2
#include "supervisor.h"

FUNCTION void allow_stores(void)
{
    set(&leaf_table[3], leaf_table[3] | W | D);
#ifndef BUG
    fence_page(PAGE(3));
#endif
}

int on_page_fault(u64 va)
{
    fence_page(va);
    return 1;
}

FUNCTION u64 use_before(void) { return load(PAGE(3)); }

FUNCTION void store_after_upgrade(void) { store(PAGE(3), 6); }

void test(void)
{
    map(3, first_frame, V | R | A);
    MUST(1, use_before() == 1);
    allow_stores();
    store_after_upgrade();
    MUST(2, first_frame[0] == 6 && faults == 0);
}
