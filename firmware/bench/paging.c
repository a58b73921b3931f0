// Sv39 page tables with pages of 4 KiB.

#include "bench.h"

extern u8 _start[], user_start[], user_end[], data_start[], patched_start[], patched_end[], _end[];

u64 *root;

u64 leaf(const void *frame, u64 rights)
{
    return (u64)frame >> 12 << 10 | rights | D | A | V;
}

u64 *leaf_of(u64 *table, u64 va)
{
    for (int level = 2; level > 0; level--) {
        u64 *entry = &table[va >> (12 + 9 * level) & 511];
        if (!(*entry & V))
            *entry = (u64)take_pages(1) >> 12 << 10 | V;
        table = (u64 *)(*entry >> 10 << 12);
    }
    return &table[va >> 12 & 511];
}

void map_pages(u64 *table, u64 va, const void *frame, u64 pages, u64 rights)
{
    for (u64 page = 0; page < pages; page++)
        *leaf_of(table, va + page * PAGE) = leaf((const u8 *)frame + page * PAGE, rights);
}

static void map_itself(const u8 *from, const u8 *to, u64 rights)
{
    u64 pages = (u64)(to - from + PAGE - 1) / PAGE;
    map_pages(root, (u64)from, from, pages, rights | G);
}

void make_tables(u64 bytes)
{
    root = take_pages(1);
    map_itself(_start, user_start, X | R);
    // The user's code is found by its own addresses; supervisor mode never runs it.
    map_pages(root, (u64)user_start, user_start, (u64)(user_end - user_start) / PAGE, U | X | R);
    map_itself(data_start, patched_start, W | R);
    map_itself(patched_start, patched_end, X | W | R);
    // Tables take a page for each 2 MiB that is mapped, and some more.
    bytes += (bytes >> 21) * PAGE + 32 * PAGE;
    map_itself(_end, _end + bytes, W | R);
    map_itself((const u8 *)0x10000000, (const u8 *)0x10001000, W | R); // serial line
    map_itself((const u8 *)0x100000, (const u8 *)0x101000, W | R);     // test finisher
}
