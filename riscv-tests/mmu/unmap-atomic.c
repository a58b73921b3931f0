// A page is unmapped by an atomic swap, and the fence is forgotten.
//
// Kernels take an entry out of a table with an atomic instruction, so that no
// A or D bit that a hart sets at the same moment is lost. Atomic or not, it is
// a store to memory. It orders nothing about translations: only sfence.vma
// does (privileged manual, "Supervisor Memory-Management Fence Instruction").
//
// On hardware: the entry is gone from memory and alive in the TLB. The kernel
// holds a correct copy of A and D, and reads and writes of the page go on
// after it was taken.
//
// report:  unsafe
// entry:   leaf_table[3] level 0
// changed: take_entry, first_frame VRWAD -> 0
// used:    use_after_unmap, store
// fence:   sfence.vma va, asid
// wrong:   check 3
#include "supervisor.h"

FUNCTION u64 take_entry(void)
{
    u64 old;
    __asm__ volatile("amoswap.d %0, zero, (%1)" : "=r"(old) : "r"(&leaf_table[3]) : "memory");
#ifndef BUG
    fence_page(PAGE(3));
#endif
    return old;
}

FUNCTION void use_before(void) { store(PAGE(3), 5); }

FUNCTION void use_after_unmap(void) { store(PAGE(3), 6); }

void test(void)
{
    map(3, first_frame, V | R | W | A | D);
    use_before();
    MUST(1, first_frame[0] == 5);
    MUST(2, take_entry() == entry(first_frame, V | R | W | A | D));
    use_after_unmap();
    MUST(3, first_frame[0] == 5 && faults == 1);
}
