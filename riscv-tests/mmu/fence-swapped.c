// The operands of the fence are swapped.
//
// The rule (privileged manual, "Supervisor Memory-Management Fence
// Instruction"): rs1 is the address, rs2 the address space. The assembler
// takes any two registers. What is written here fences address 1 in the space
// whose number is the low bits of 0x40003000.
//
// On hardware: the instruction does nothing for the page that changed, and
// nothing complains.
//
// report:  unsafe
// entry:   leaf_table[3] level 0
// changed: unmap_page, first_frame VRWAD -> 0
// used:    use_after_unmap, load
// fence:   sfence.vma va, asid
// wrong:   check 2
#include "supervisor.h"

FUNCTION void unmap_page(void)
{
    set(&leaf_table[3], 0);
#ifdef BUG
    fence_page_in_space(ASID, PAGE(3));
#else
    fence_page_in_space(PAGE(3), ASID);
#endif
}

FUNCTION u64 use_before(void) { return load(PAGE(3)); }

FUNCTION u64 use_after_unmap(void) { return load(PAGE(3)); }

void test(void)
{
    map(3, first_frame, V | R | W | A | D);
    MUST(1, use_before() == 1);
    unmap_page();
    MUST(2, use_after_unmap() == FAULTED);
}
