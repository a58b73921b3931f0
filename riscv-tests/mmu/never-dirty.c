// A kernel that sets A but never D, on a hart that leaves both to software.
//
// The rule (privileged manual, "Addressing and Memory Protection" and
// "Svade"): without Svadu, a store to a page whose D is clear raises a page
// fault, and software sets D. A kernel that does not want to know which pages
// changed sets D when it maps a writable page.
//
// On hardware: pages can be read and not written, though W is set. It looks
// like a fault of rights, and the rights are right.
//
// options: --ad fault
// report:  dirty-never-set
// entry:   leaf_table[3] level 0
// changed: map_page, 0 -> first_frame VRWA
// used:    store_to_page, store
// wrong:   check 1
#include "supervisor.h"

FUNCTION void map_page(void)
{
#ifdef BUG
    set(&leaf_table[3], entry(first_frame, V | R | W | A));
#else
    set(&leaf_table[3], entry(first_frame, V | R | W | A | D));
#endif
    fence_page(PAGE(3));
}

FUNCTION void store_to_page(void) { store(PAGE(3), 5); }

void test(void)
{
    map_page();
    store_to_page();
    MUST(1, first_frame[0] == 5);
}
