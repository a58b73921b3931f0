// Accesses to a working set of so many MEGABYTES, in three ways that take equally many: the memory
// kernels include this.

#include "../bench.h"

enum { LINE = 64, WORDS_IN_PAGE = PAGE / 8, LINES_IN_PAGE = PAGE / LINE };

const u64 memory_needed = (u64)MEGABYTES << 20;

struct line {
    u64 next;  // number of another line
    u64 words[7];
};

// One word of each page, then another word of each: a miss in any TLB that is smaller. The line differs from
// page to page, or all would compete for a few lines of the host's cache.
static u64 by_pages(u64 *words, u64 pages, u64 accesses)
{
    u64 sum = 0;
    for (u64 round = 0; accesses; round++)
        for (u64 page = 0; page < pages && accesses; page++, accesses--) {
            u64 *word = &words[page * WORDS_IN_PAGE + (page + round) % LINES_IN_PAGE * 8 + 1];
            *word += round;
            sum += *word;
        }
    return sum;
}

// All lines in one ring, in random order: the way of the last access tells the next.
static void make_ring(struct line *lines, u64 n)
{
    u64 state = 4711;
    for (u64 i = 0; i < n; i++)
        lines[i].next = i;
    for (u64 i = n - 1; i > 0; i--) {
        u64 other = random_below(&state, i), next = lines[i].next;
        lines[i].next = lines[other].next;
        lines[other].next = next;
    }
}

static u64 at_random(struct line *lines, u64 n, u64 rounds, u64 rest)
{
    u64 at = 0;
    for (u64 round = 0; round < rounds; round++) {
        for (u64 i = 0; i < n; i++)
            at = lines[at].next;
        check(at == 0, "the ring does not close");
    }
    for (; rest; rest--)
        at = lines[at].next;
    return at;
}

static u64 in_order(u64 *words, u64 n, u64 accesses)
{
    u64 sum = 0;
    while (accesses) {
        u64 some = accesses < n ? accesses : n;
        for (u64 i = 0; i < some; i++)
            sum += words[i] ^ i;
        accesses -= some;
    }
    return sum;
}

u64 kernel(void)
{
    u64 pages = scaled((u64)MEGABYTES << 8, 16);
    if (pages > (u64)MEGABYTES << 8)
        pages = (u64)MEGABYTES << 8;
    u64 accesses = scaled(ACCESSES, 1000), n = pages * LINES_IN_PAGE;
    struct line *lines = take_pages(pages);
    u64 *words = (u64 *)lines;
    make_ring(lines, n);

    u64 sum = add_to(0, by_pages(words, pages, accesses));
    sum = add_to(sum, at_random(lines, n, accesses / n, accesses % n));
    sum = add_to(sum, in_order(words, pages * WORDS_IN_PAGE, accesses));

    // The ring names each line once.
    u64 total = 0;
    for (u64 i = 0; i < n; i++)
        total += lines[i].next;
    check(total == n * (n - 1) / 2, "the ring has changed");
    return sum;
}
