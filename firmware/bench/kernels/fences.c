// sfence.vma: two pages exchange their frames again and again, and each exchange takes fences.
// modes: sv39

#include "../bench.h"

const char kernel_name[] = "fences";

enum { PAGES = 64 };

const u64 memory_needed = (PAGES + 3) * PAGE;

// Which frame each page has.
static u64 frame_of[PAGES];

static u64 exchange(u64 *entries, u64 a, u64 b)
{
    u64 entry = entries[a], frame = frame_of[a];
    entries[a] = entries[b];
    entries[b] = entry;
    frame_of[a] = frame_of[b];
    frame_of[b] = frame;
    return a;
}

u64 kernel(void)
{
    u64 rounds = scaled(500000, 100), state = 9, sum = 0;
    u64 *frames = take_pages(PAGES), *entries = leaf_of(root, WINDOW);
    volatile u64 *window = (u64 *)WINDOW;
    map_pages(root, WINDOW, frames, PAGES, R | W);
    for (u64 page = 0; page < PAGES; page++) {
        frame_of[page] = page;
        frames[page * PAGE / 8] = page;
    }
    for (u64 round = 0; round < rounds; round++) {
        u64 a = random_below(&state, PAGES), b = (a + 1 + round % (PAGES - 1)) % PAGES;
        // Both are in use.
        sum += window[a * PAGE / 8] + window[b * PAGE / 8];
        exchange(entries, a, b);
        if (round % 64 == 0) {
            fence_all();
        } else if (round % 8 == 0) {
            // All of the address space, but nothing that is global.
            __asm__ volatile("sfence.vma zero, %0" : : "r"(0UL) : "memory");
        } else {
            fence_address(WINDOW + a * PAGE);
            fence_address(WINDOW + b * PAGE);
        }
        for (u64 i = 0; i < 4; i++) {
            u64 page = (a + i * 9) % PAGES, frame = window[page * PAGE / 8];
            check(frame == frame_of[page], "an old translation was used");
            sum = sum * 3 + frame;
        }
        check(window[b * PAGE / 8] == frame_of[b], "an old translation was used");
    }
    return sum;
}
