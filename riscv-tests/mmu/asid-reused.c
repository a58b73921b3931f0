// An address-space number goes to a new process, and the fence is forgotten.
//
// The rule (privileged manual, "Supervisor Address Translation and Protection
// Register"): a write of satp orders and drops nothing. If a number is used
// again with another root, an sfence.vma for that number must come in between.
//
// On hardware: the TLB knows spaces by their numbers alone. The new process
// runs with the pages of the old one wherever the TLB still holds them: it
// reads and writes another program's memory.
//
// report:  unsafe
// entry:   old_leaf[3] level 0
// changed: switch_to_new_process, satp
// used:    use_in_new_process, load
// fence:   sfence.vma zero, asid
// wrong:   check 2
#include "supervisor.h"

enum { NUMBER = 7 };

static table old_root, old_middle, old_leaf;
static table new_root, new_middle, new_leaf;

FUNCTION void make_space(u64 *root, u64 *middle, u64 *leaf, const u64 *its_frame)
{
    root[2] = root_table[2]; // the supervisor, global
    root[1] = entry(middle, V);
    middle[0] = entry(leaf, V);
    leaf[3] = entry(its_frame, V | R | W | A | D);
}

FUNCTION void switch_to_new_process(void)
{
    write_satp(satp_of(new_root, NUMBER));
#ifndef BUG
    fence_space(NUMBER);
#endif
}

FUNCTION u64 use_in_old_process(void) { return load(PAGE(3)); }

FUNCTION u64 use_in_new_process(void) { return load(PAGE(3)); }

void test(void)
{
    make_space(old_root, old_middle, old_leaf, first_frame);
    make_space(new_root, new_middle, new_leaf, second_frame);
    switch_space(old_root, NUMBER);
    MUST(1, use_in_old_process() == 1);
    switch_to_new_process();
    MUST(2, use_in_new_process() == 2);
}
