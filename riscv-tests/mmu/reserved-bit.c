// An entry has a reserved bit set.
//
// The rule (privileged manual, "Sv39: Page-Based 39-bit Virtual-Memory
// System"): bits 60 to 54 of an entry are reserved for later extensions and
// must be zero. A walk that meets one of them set raises a page fault. Only
// bits 9 and 8 are for software to use as it likes.
//
// On hardware: cores made before the rule ignore the bits, so such a kernel
// works on them and dies on the next. The page fault looks as if the page were
// absent, and the printed entry looks right.
//
// report:  reserved
// entry:   leaf_table[3] level 0
// changed: map_with_mark, 0 -> first_frame VRWAD bit54
// used:    use_page, load
// wrong:   check 1
#include "supervisor.h"

FUNCTION void map_with_mark(void)
{
#ifdef BUG
    u64 mark = 1UL << 54;
#else
    u64 mark = 1UL << 8;
#endif
    set(&leaf_table[3], entry(first_frame, V | R | W | A | D) | mark);
    fence_page(PAGE(3));
}

FUNCTION u64 use_page(void) { return load(PAGE(3)); }

void test(void)
{
    map_with_mark();
    MUST(1, use_page() == 1);
}
