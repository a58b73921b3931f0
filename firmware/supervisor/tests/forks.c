// A tree of processes.  Each writes to memory that it has from its parent, and nobody sees another's
// stores; pages that are shared on purpose are seen by all.  The argument is how deep the tree is.

#include "test.h"

enum { PAGES = 40, WIDTH = 3 };

static u64 *own, *shared;

static void check_own(u64 mark)
{
    for (u64 page = 0; page < PAGES; page++)
        CHECK(own[page * 512] == mark * 1000 + page);
}

static void write_own(u64 mark)
{
    for (u64 page = 0; page < PAGES; page++)
        own[page * 512] = mark * 1000 + page;
}

static u64 grow(u64 depth, u64 mark)
{
    i64 children[WIDTH];
    u64 sum = 1;
    u32 status;

    write_own(mark);
    if (depth == 0)
        return 1;
    for (u64 i = 0; i < WIDTH; i++) {
        children[i] = fork();
        CHECK(children[i] >= 0);
        if (children[i] == 0) {
            check_own(mark);
            u64 below = grow(depth - 1, mark * 10 + i + 1);
            check_own(mark * 10 + i + 1);
            __atomic_fetch_add(&shared[0], 1, __ATOMIC_RELAXED);
            CALL1(EXIT_GROUP, below);
        }
        check_own(mark);
    }
    for (u64 i = 0; i < WIDTH; i++) {
        CHECK(wait_for(children[i], &status) == children[i]);
        CHECK((status & 0x7f) == 0);
        sum += status >> 8;
    }
    check_own(mark);
    return sum;
}

int main(int count, char **words)
{
    u64 depth = count > 1 ? number_of(words[1]) : 4, expected = 1, more = 1;

    own = map(PAGES * PAGE, READ_RIGHT | WRITE_RIGHT, MAP_PRIVATE);
    shared = map(PAGE, READ_RIGHT | WRITE_RIGHT, MAP_SHARED);
    for (u64 i = 0; i < depth; i++)
        expected += more *= WIDTH;
    u64 processes = grow(depth, 7);
    CHECK(processes == expected);
    CHECK(shared[0] == expected - 1);
    CHECK(wait_for(-1, NULL) == -ECHILD);
    // Many, one after the other: what each used is given back.
    for (u64 i = 0; i < 50 * depth; i++) {
        i64 child = fork();
        if (child == 0)
            CALL1(EXIT, i & 0xff);
        u32 status;
        CHECK(child > 0 && wait_for(-1, &status) == child && status == (i & 0xff) << 8);
    }
    say("forks: %d processes, each with its own pages\n", processes + 50 * depth);
    return 0;
}
