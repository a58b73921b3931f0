// A user page becomes the supervisor's, and the fence is forgotten.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction"): the U bit is cached with the rest of the entry. Clearing it
// in memory locks user mode out only after an sfence.vma.
//
// On hardware: the kernel takes a page back to keep something private in it,
// and the program that had it goes on reading. A leak, and with W an attack.
//
// report:  unsafe
// entry:   leaf_table[3] level 0
// changed: take_from_user, first_frame VRWUAD -> first_frame VRWAD
// used:    use_as_user, load
// fence:   sfence.vma va, asid
// wrong:   check 2
#include "supervisor.h"

FUNCTION void take_from_user(void)
{
    set(&leaf_table[3], leaf_table[3] & ~(u64)U);
#ifndef BUG
    fence_page(PAGE(3));
#endif
}

USER_FUNCTION u64 use_as_user(u64 va) { return load(va); }

void test(void)
{
    map(3, first_frame, V | R | W | U | A | D);
    MUST(1, run_as_user(use_as_user, PAGE(3)) == 1);
    take_from_user();
    MUST(2, run_as_user(use_as_user, PAGE(3)) == FAULTED);
}
