// An absent page faults and is mapped, without a fence.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction"): a hart may remember that an entry was invalid. Only with
// Svvptc does a new mapping become visible by itself, after a while. Without
// it an sfence.vma must follow, also when an entry becomes valid.
//
// On hardware: the access may fault once more although the entry is there. A
// kernel that fences in its fault handler and tries again, as this one does,
// is safe; one that takes the second fault for an error kills the program.
//
// options: --isa rv64gc
// report:  spurious
// entry:   leaf_table[3] level 0
// changed: bring_page, 0 -> first_frame VRWAD
// used:    use_after_map, load
// fence:   sfence.vma va, asid
// wrong:   nothing
#include "supervisor.h"

static int is_there;

FUNCTION void bring_page(void)
{
    set(&leaf_table[3], entry(first_frame, V | R | W | A | D));
#ifndef BUG
    fence_page(PAGE(3));
#endif
    is_there = 1;
}

int on_page_fault(u64 va)
{
    if (!is_there)
        return 0;
    fence_page(va);
    return 1;
}

FUNCTION u64 use_before(void) { return load(PAGE(3)); }

FUNCTION u64 use_after_map(void) { return load(PAGE(3)); }

void test(void)
{
    MUST(1, use_before() == FAULTED);
    bring_page();
    MUST(2, use_after_map() == 1 && faults == 1);
}
