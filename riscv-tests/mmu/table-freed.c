// A page-table page is freed and reused, and the fence is forgotten.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction"): after an entry that points to a table is changed, software
// should fence with rs1 = x0. Until then a hart may use every translation that
// it made through the old table, and may even go on walking it.
//
// On hardware: a core that caches pointer entries reads the new owner's data
// as page-table entries. Any value with the right low bits then maps any frame.
// This is the worst of its kind: the page is data, and it is also a page table.
//
// report:  unsafe
// entry:   middle_table[1] level 1
// changed: free_table, freed_table V -> 0
// used:    use_after_free, load
// fence:   sfence.vma zero, asid
// wrong:   check 2
#include "supervisor.h"

static table freed_table;

FUNCTION void free_table(void)
{
    set(&middle_table[1], 0);
#ifndef BUG
    fence_all();
#endif
}

// The new owner has only written its first words yet.
FUNCTION void reuse_page(u64 *words)
{
    for (u64 i = 0; i < 4; i++)
        set(&words[i], 0x1234567890abcdef + i);
}

FUNCTION u64 use_before(void) { return load(LARGE(1) + 7 * PAGE_SIZE); }

FUNCTION u64 use_after_free(void) { return load(LARGE(1) + 7 * PAGE_SIZE); }

void test(void)
{
    set(&freed_table[7], entry(first_frame, V | R | W | A | D));
    set(&middle_table[1], entry(freed_table, V));
    fence_all();
    MUST(1, use_before() == 1);
    free_table();
    reuse_page(freed_table);
    MUST(2, use_after_free() == FAULTED);
}
