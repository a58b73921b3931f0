// Page faults: pages that are mapped when they are touched, read-only first, and taken away again.
// modes: sv39

#include "../bench.h"

const char kernel_name[] = "faults";

enum { PAGES = 128 };

const u64 memory_needed = (PAGES + 3) * PAGE;

static u64 *frames;
static u64 load_faults, store_faults;

static void trap(struct frame *frame, u64 cause, u64 value)
{
    u64 page = (value - WINDOW) / PAGE;
    if ((cause != 13 && cause != 15) || page >= PAGES) {
        print_hex(frame->pc);
        fail(" does not fault on a page of the window");
    }
    u64 *entry = leaf_of(root, value);
    if (cause == 13) {
        load_faults++;
        *entry = leaf(&frames[page * PAGE / 8], R);
    } else {
        store_faults++;
        *entry = leaf(&frames[page * PAGE / 8], R | W);
    }
    fence_address(value);
}

u64 kernel(void)
{
    u64 rounds = scaled(2400, 2), sum = 0, stores = 0;
    frames = take_pages(PAGES);
    leaf_of(root, WINDOW);
    on_trap = trap;
    for (u64 round = 0; round < rounds; round++) {
        for (u64 i = 0; i < PAGES; i++) {
            u64 page = (i * 37 + round) % PAGES;
            volatile u64 *word = (u64 *)(WINDOW + page * PAGE + 8 * (i & 255));
            if (i % 4 != 3)
                sum = sum * 3 + *word; // a fault
            if (i % 4 != 0) {
                *word = round + i;     // and another
                stores++;
            }
        }
        for (u64 page = 0; page < PAGES; page++)
            *leaf_of(root, WINDOW + page * PAGE) = 0;
        fence_all();
    }
    check(load_faults == rounds * PAGES / 4 * 3, "load page faults are missing");
    check(store_faults == stores, "store page faults are missing");
    return add_to(sum, load_faults << 32 | store_faults);
}
