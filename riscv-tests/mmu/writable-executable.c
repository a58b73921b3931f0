// A page is writable and executable at once.
//
// The manual allows it. But whoever can make a program store where it should
// not can then make it run what was stored, so kernels keep the two apart:
// code is written through one mapping and run through another, or is made
// read-only before it runs.
//
// On hardware: it works, and it is the first thing that an attacker looks for.
//
// report:  writable-executable
// entry:   leaf_table[3] level 0
// changed: map_code, 0 -> code_frame VRWXAD
// used:    0x40003000, fetch
// wrong:   nothing
#include "supervisor.h"

static frame code_frame;

FUNCTION void map_code(void)
{
#ifdef BUG
    set(&leaf_table[3], entry(code_frame, V | R | W | X | A | D));
#else
    set(&leaf_table[3], entry(code_frame, V | R | X | A));
#endif
    fence_page(PAGE(3));
}

FUNCTION u64 run_code(void) { return call(PAGE(3)); }

void test(void)
{
    plant(code_frame, 7);
    fence_code();
    map_code();
    MUST(1, run_code() == 7);
}
