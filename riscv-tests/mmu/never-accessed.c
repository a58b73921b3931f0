// A kernel that never sets A, on a hart that leaves A and D to software.
//
// The rule (privileged manual, "Addressing and Memory Protection" and
// "Svade"): a hart either sets A and D itself (Svadu), or raises a page fault
// where they would have to be set. A kernel that does not know which it has
// sets both when it maps the page, or sets them in its fault handler.
//
// On hardware: the entry is valid, the rights are right, and every access
// faults. It worked on the emulator, which set the bits itself.
//
// options: --ad fault
// report:  accessed-never-set
// entry:   leaf_table[3] level 0
// changed: map_page, 0 -> first_frame VRW
// used:    use_page, load
// wrong:   check 1
#include "supervisor.h"

FUNCTION void map_page(void)
{
#ifdef BUG
    set(&leaf_table[3], entry(first_frame, V | R | W));
#else
    set(&leaf_table[3], entry(first_frame, V | R | W | A | D));
#endif
    fence_page(PAGE(3));
}

FUNCTION u64 use_page(void) { return load(PAGE(3)); }

void test(void)
{
    map_page();
    MUST(1, use_page() == 1);
}
