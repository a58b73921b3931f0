// The A bit is cleared to see whether a page is used, without a fence.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction" and "Addressing and Memory Protection"): a hart sets A when it
// walks. While the TLB holds the page it does not walk, so A stays clear
// however much the page is used, until an sfence.vma.
//
// On hardware: memory is safe, since the right to use the page did not change.
// But the kernel believes that a busy page is idle and may swap it out. Some
// kernels accept this to save the fence; it should be a decision.
//
// report:  spurious
// entry:   leaf_table[3] level 0
// changed: clear_accessed, first_frame VRWAD -> first_frame VRWD
// used:    use_after_clear, load
// fence:   sfence.vma va, asid
// wrong:   check 2
#include "supervisor.h"

FUNCTION void clear_accessed(void)
{
    set(&leaf_table[3], leaf_table[3] & ~(u64)A);
#ifndef BUG
    fence_page(PAGE(3));
#endif
}

FUNCTION u64 use_before(void) { return load(PAGE(3)); }

FUNCTION u64 use_after_clear(void) { return load(PAGE(3)); }

void test(void)
{
    map(3, first_frame, V | R | W | A | D);
    MUST(1, use_before() == 1);
    clear_accessed();
    u64 seen = use_after_clear();
    // The hart says that the page was used: by the bit, or by a fault.
    MUST(2, seen == FAULTED || (seen == 1 && (leaf_table[3] & A)));
}
