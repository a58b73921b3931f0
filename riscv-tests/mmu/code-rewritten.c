// Code is rewritten through another mapping and run again, without fence.i.
//
// The rule (unprivileged manual, "Zifencei"): a hart's fetches need not see
// its own stores until it executes fence.i. sfence.vma does not help: no
// mapping changed.
//
// On hardware: the instruction cache gives the old code, or the old first half
// and the new second half of it. It hits compilers that patch, loaders of
// modules, and kernels that put a new program into a frame that held another.
//
// report:  stale-code
// entry:   code_frame
// changed: rewrite_code
// used:    0x40003000, fetch
// fence:   fence.i
// wrong:   nothing
#include "supervisor.h"

static frame code_frame;

FUNCTION void rewrite_code(void)
{
    plant(code_frame, 8);
#ifndef BUG
    fence_code();
#endif
}

FUNCTION u64 run_before(void) { return call(PAGE(3)); }

FUNCTION u64 run_after(void) { return call(PAGE(3)); }

void test(void)
{
    plant(code_frame, 7);
    fence_code();
    map(3, code_frame, V | R | X | A);
    MUST(1, run_before() == 7);
    rewrite_code();
    MUST(2, run_after() == 8);
}
