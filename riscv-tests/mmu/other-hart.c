// A page is unmapped and fenced on this hart only; another hart uses it.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction"): sfence.vma works on the hart that executes it. For the others
// software must make the store visible, ask each of them to fence (by an
// interrupt between processors, or through SBI), and wait until they did.
//
// On hardware: the classic lost "shootdown". It needs two threads of one
// program on two harts and a page taken away at the right moment, and it
// corrupts memory that by then belongs to someone else. Here the harts talk
// through memory. A machine with one hart has nothing to show and passes.
//
// options: -p 2
// report:  unsafe
// entry:   leaf_table[3] level 0
// changed: unmap_page, first_frame VRWAD -> 0
// used:    use_on_other_hart, load
// fence:   sfence.vma va, asid
// wrong:   check 1
#include "supervisor.h"

enum { PATIENCE = 200000 };

static volatile u64 hart_1_used, fence_wanted, fence_done, unmapped, hart_1_saw;

FUNCTION void unmap_page(void)
{
    set(&leaf_table[3], 0);
    fence_page(PAGE(3));
#ifndef BUG
    fence_wanted = 1;
    while (!fence_done)
        ;
#endif
}

FUNCTION u64 use_before(void) { return load(PAGE(3)); }

FUNCTION u64 use_on_other_hart(void) { return load(PAGE(3)); }

void second_hart(void)
{
    while (!leaf_table[3])
        ;
    hart_1_used = use_before();
    while (!unmapped)
        if (fence_wanted && !fence_done) {
            fence_page(PAGE(3));
            fence_done = 1;
        }
    hart_1_saw = use_on_other_hart();
}

void test(void)
{
    map(3, first_frame, V | R | W | A | D);
    for (int i = 0; i < PATIENCE && !hart_1_used; i++)
        ;
    if (!hart_1_used)
        return;
    unmap_page();
    unmapped = 1;
    while (!hart_1_saw)
        ;
    MUST(1, hart_1_saw == FAULTED);
}
