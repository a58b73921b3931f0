#include "paging.h"

static u64 root[512] __attribute__((aligned(PAGE)));
static u64 middle[512] __attribute__((aligned(PAGE)));
static u64 leaves[512] __attribute__((aligned(PAGE)));
u8 frames[4][PAGE] __attribute__((aligned(PAGE)));

static u64 entry(const void *frame, u64 rights)
{
    return (u64)frame >> 12 << 10 | rights;
}

void make_tables(void)
{
    // A superpage of 1 GiB over the start of RAM, where this program is.
    root[2] = entry((void *)0x80000000, V | R | W | X | A | D);
    root[PAGES_AT >> 30] = entry(middle, V);
    middle[0] = entry(leaves, V);
}

void map(u64 n, void *frame, u64 rights)
{
    *(volatile u64 *)&leaves[n] = frame == NULL ? 0 : entry(frame, rights | V | A | D);
}

void paging_on(u64 asid)
{
    csr_write(satp, 8UL << 60 | asid << 44 | (u64)root >> 12);
    __asm__ volatile("sfence.vma" : : : "memory");
}

void paging_off(void)
{
    csr_write(satp, 0);
    __asm__ volatile("sfence.vma" : : : "memory");
}
