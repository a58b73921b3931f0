// An entry that points to a table points to another one, without a fence.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction"): sfence.vma orders the reads of every level of the walk. After
// a change above the last level it should be used with rs1 = x0, because the
// change may concern all 512 pages below.
//
// On hardware: the TLB holds translations made through the old table, and a
// core with a page-walk cache still goes through it for pages that it has not
// seen before. Half of the region is old, half is new.
//
// report:  unsafe
// entry:   middle_table[1] level 1
// changed: change_pointer, old_table V -> new_table V
// used:    use_after_change, load
// fence:   sfence.vma zero, asid
// wrong:   check 2
#include "supervisor.h"

static table old_table, new_table;

FUNCTION void change_pointer(void)
{
    set(&middle_table[1], entry(new_table, V));
#ifndef BUG
    fence_all();
#endif
}

FUNCTION u64 use_before(void) { return load(LARGE(1) + 3 * PAGE_SIZE); }

FUNCTION u64 use_after_change(void) { return load(LARGE(1) + 3 * PAGE_SIZE); }

void test(void)
{
    set(&old_table[3], entry(first_frame, V | R | W | A | D));
    set(&new_table[3], entry(second_frame, V | R | W | A | D));
    set(&middle_table[1], entry(old_table, V));
    fence_all();
    MUST(1, use_before() == 1);
    change_pointer();
    MUST(2, use_after_change() == 2);
}
