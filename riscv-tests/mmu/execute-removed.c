// A page loses its right to execute, and the fence is forgotten.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction"): sfence.vma is needed for fetches as for loads and stores.
// fence.i is something else: it orders stores to code, not to page tables.
//
// On hardware: a module is unloaded, or a program gives its generated code
// back, and the code can still be run. Most cores have a TLB of its own for
// fetches, so a test with loads would not notice.
//
// report:  unsafe
// entry:   leaf_table[3] level 0
// changed: forbid_execution, code_frame VRXA -> code_frame VRA
// used:    0x40003000, fetch
// fence:   sfence.vma va, asid
// wrong:   check 2
#include "supervisor.h"

static frame code_frame;

FUNCTION void forbid_execution(void)
{
    set(&leaf_table[3], leaf_table[3] & ~(u64)X);
#ifndef BUG
    fence_page(PAGE(3));
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
    forbid_execution();
    MUST(2, run_after() == FAULTED);
}
