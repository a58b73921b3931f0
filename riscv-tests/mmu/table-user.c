// A page that holds page tables is mapped for user mode.
//
// The manual does not forbid it: U is for the kernel to set. But a program
// that can write its own page tables has all of memory, and one that can only
// read them knows where everything lies.
//
// On hardware: it works. It happens when a frame is freed while a process
// still has it mapped, and is then given out as a table.
//
// report:  user-reaches-table
// entry:   leaf_table[3] level 0
// changed: map_table, 0 -> leaf_table VRWUAD
// used:    look_as_user, load
// wrong:   check 1
#include "supervisor.h"

FUNCTION void map_table(void)
{
#ifdef BUG
    set(&leaf_table[3], entry(leaf_table, V | R | W | U | A | D));
#else
    set(&leaf_table[3], entry(leaf_table, V | R | W | A | D));
#endif
    fence_page(PAGE(3));
}

USER_FUNCTION u64 look_as_user(u64 va) { return load(va); }

void test(void)
{
    map_table();
    MUST(1, run_as_user(look_as_user, PAGE(3)) == FAULTED);
}
