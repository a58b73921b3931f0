// A whole table is cleared at once, and the fence is forgotten.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction"): to the hart 512 cleared entries are 512 changed mappings. One
// sfence.vma with rs1 = x0 covers them all, and is cheaper than 512 for one
// page each.
//
// On hardware: an address space is torn down, its frames go back to the
// allocator, and a thread that still runs in it reads and writes them.
//
// report:  unsafe
// entry:   process_table[3] level 0
// changed: clear_table, first_frame VRWAD -> 0
// used:    use_after_clear, load
// fence:   sfence.vma va, asid
// wrong:   check 2
#include "supervisor.h"

static table process_table;

FUNCTION void clear_table(void)
{
    for (int i = 0; i < ENTRIES; i++)
        set(&process_table[i], 0);
#ifndef BUG
    fence_all();
#endif
}

FUNCTION u64 use_before(void) { return load(LARGE(1) + 3 * PAGE_SIZE); }

FUNCTION u64 use_after_clear(void) { return load(LARGE(1) + 3 * PAGE_SIZE); }

void test(void)
{
    set(&process_table[3], entry(first_frame, V | R | W | A | D));
    set(&process_table[4], entry(second_frame, V | R | W | A | D));
    set(&middle_table[1], entry(process_table, V));
    fence_all();
    MUST(1, use_before() == 1);
    clear_table();
    MUST(2, use_after_clear() == FAULTED);
}
