// Switches between address spaces that have numbers (ASIDs) of their own, and so need no fence.
// modes: sv39

#include "../bench.h"

const char kernel_name[] = "spaces";

enum { SPACES = 12, PAGES = 16, TOUCHED = 8 };

const u64 memory_needed = SPACES * (PAGES + 3) * PAGE;

static u64 satp_of[SPACES];

// The program's mapping is global and shared: its tables are those of the first root.
static void make_space(u64 number)
{
    u64 *space = take_pages(1);
    for (int i = 0; i < 512; i++)
        space[i] = root[i];
    map_pages(space, WINDOW, take_pages(PAGES), PAGES, R | W);
    satp_of[number] = SV39 | (number + 1) << 44 | (u64)space >> 12;
}

u64 kernel(void)
{
    u64 switches = scaled(600000, 100), state = 5, sum = 0, touches = 0;
    for (u64 i = 0; i < SPACES; i++)
        make_space(i);
    write_csr(satp, satp_of[SPACES - 1]);
    // A machine without ASIDs, which must fence at each switch.
    u64 fence = read_csr(satp) != satp_of[SPACES - 1];
    fence_all();

    for (u64 i = 0; i < switches; i++) {
        u64 space = random_below(&state, SPACES);
        write_csr(satp, satp_of[space]);
        if (fence)
            fence_all();
        for (u64 j = 0; j < TOUCHED; j++) {
            u64 page = (i + j * 5) % PAGES;
            volatile u64 *word = (u64 *)(WINDOW + page * PAGE + j * 8 + 64);
            *word += space + 1;
            sum = sum * 5 + *word;
        }
    }
    // Each page holds what was added in its own space, and nothing of the others'.
    for (u64 space = 0; space < SPACES; space++) {
        write_csr(satp, satp_of[space]);
        if (fence)
            fence_all();
        for (u64 page = 0; page < PAGES; page++)
            for (u64 j = 0; j < TOUCHED; j++) {
                u64 value = *(volatile u64 *)(WINDOW + page * PAGE + j * 8 + 64);
                check(value % (space + 1) == 0, "a page of another space was changed");
                touches += value / (space + 1);
            }
    }
    check(touches == switches * TOUCHED, "touches are missing");
    return sum;
}
