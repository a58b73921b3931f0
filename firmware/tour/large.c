// Scene 8: the same loop over the same amount of memory, in small pages and in one large one.

#include "tour.h"

enum { SMALL = 1, SMALL_DONE = 2, LARGE = 3, LARGE_DONE = 4 };
enum { SIZE = 2 << 20, ROUNDS = 4 };

static void fill(volatile u8 *memory)
{
    for (u64 at = 0; at < SIZE; at += PAGE)
        memory[at] = 1;
}

// One byte of each page, again and again.
static u64 loop(volatile u8 *memory)
{
    u64 sum = 0;

    for (u64 round = 0; round < ROUNDS; round++)
        for (u64 at = 0; at < SIZE; at += PAGE)
            sum += memory[at];
    return sum;
}

int program(u64 count, char **arguments, char **environment)
{
    (void)count, (void)arguments, (void)environment;
    volatile u8 *small = map(SIZE, 0), *large = map(SIZE, MAP_HUGETLB);
    u64 sum;

    fill(small);
    fill(large);
    MARK(SMALL, small, 1, 0);
    sum = loop(small);
    MARK(SMALL_DONE, small, 1, sum);
    MARK(LARGE, large, 1, 0);
    sum = loop(large);
    MARK(LARGE_DONE, large, 1, sum);
    return 0;
}
