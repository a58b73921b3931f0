// A 1 GiB page is unmapped, and the fence is forgotten.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction"): a leaf in the root table is a leaf like any other. One
// sfence.vma for any address in the gigabyte covers it all.
//
// On hardware: a boot loader maps all of memory with such a page and leaves it
// to the kernel to take it away. A TLB has few places for pages of this size,
// and little that drives them out, so the leftover lives long.
//
// report:  unsafe
// entry:   root_table[3] level 2
// changed: unmap_gigapage, 0x80000000 VRA -> 0
// used:    use_after_unmap, load
// fence:   sfence.vma va, asid
// wrong:   check 2
#include "supervisor.h"

// Where the gigabyte shows first_frame.
#define SEEN (HUGE(3) + ((u64)first_frame - HUGE(2)))

FUNCTION void unmap_gigapage(void)
{
    set(&root_table[3], 0);
#ifndef BUG
    fence_page(HUGE(3));
#endif
}

FUNCTION u64 use_before(void) { return load(SEEN); }

FUNCTION u64 use_after_unmap(void) { return load(SEEN); }

void test(void)
{
    set(&root_table[3], entry((void *)HUGE(2), V | R | A));
    fence_page(HUGE(3));
    MUST(1, use_before() == 1);
    unmap_gigapage();
    MUST(2, use_after_unmap() == FAULTED);
}
