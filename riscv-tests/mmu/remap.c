// A page is moved to another frame, and the fence is forgotten.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction"): after a leaf entry changes, an sfence.vma for an address in
// its page must follow before the new entry counts for certain.
//
// On hardware: this is copy-on-write, page migration, or memory compaction.
// Reads and writes of the page go to the old frame until the TLB happens to
// drop it. Data seems to travel back in time, and the new owner of the old
// frame finds it scribbled on.
//
// report:  unsafe
// entry:   leaf_table[3] level 0
// changed: move_page, first_frame VRWAD -> second_frame VRWAD
// used:    use_after_move, load
// fence:   sfence.vma va, asid
// wrong:   check 2
#include "supervisor.h"

FUNCTION void move_page(void)
{
    set(&leaf_table[3], entry(second_frame, V | R | W | A | D));
#ifndef BUG
    fence_page(PAGE(3));
#endif
}

FUNCTION u64 use_before(void) { return load(PAGE(3)); }

FUNCTION u64 use_after_move(void) { return load(PAGE(3)); }

void test(void)
{
    map(3, first_frame, V | R | W | A | D);
    MUST(1, use_before() == 1);
    move_page();
    MUST(2, use_after_move() == 2);
}
