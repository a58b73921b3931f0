// Copy-on-write while threads store: children made in the middle of it have each word as it was at one
// moment, and keep it so, whatever parent and siblings store afterwards.  Signals at bad addresses go to the
// thread that made the access.  The argument is how many children.

#include "test.h"

enum { THREADS = 3, PAGES = 24 };

static u32 tids[THREADS];
static volatile bool stop;
static u64 *pages;
static volatile u64 faults[THREADS];

// Each thread counts in its own word of every page, page after page: so a page's count is that of the page
// before it, or one less.
static void work(u64 number)
{
    for (u64 round = 1; !stop; round++) {
        for (u64 page = 0; page < PAGES; page++) {
            pages[page * 512 + number] = round;
            // In the middle of a round, each time elsewhere.
            if (page == round % PAGES)
                CALL1(YIELD, 0);
        }
    }
}

static u64 check_moment(u64 number)
{
    u64 first = pages[number], before = first;

    for (u64 page = 1; page < PAGES; page++) {
        u64 here = pages[page * 512 + number];
        CHECK(here == before || here + 1 == before);
        CHECK(here == first || here + 1 == first);
        before = here;
    }
    return first;
}

static void be_a_child(u64 mark)
{
    u64 seen[THREADS];

    for (u64 i = 0; i < THREADS; i++)
        seen[i] = check_moment(i);
    for (u64 page = 0; page < PAGES; page++)
        pages[page * 512 + 100] = mark;
    for (u64 turn = 0; turn < 3; turn++) {
        CALL1(YIELD, 0);
        for (u64 i = 0; i < THREADS; i++)
            CHECK(check_moment(i) == seen[i]);
        for (u64 page = 0; page < PAGES; page++)
            CHECK(pages[page * 512 + 100] == mark);
    }
    CALL1(EXIT_GROUP, mark & 0x7f);
}

static void skip(i32 signal, struct information *information, struct signal_context *context)
{
    u64 number = (information->address - 0x1000) / 16;

    CHECK(signal == SIGSEGV && number < THREADS);
    // The thread's own register says who it is.
    CHECK(context->registers[18] == number);
    faults[number]++;
    context->registers[0] += 4;
}

static void miss(u64 number)
{
    register u64 s2 asm("s2") = number;

    for (u64 i = 0; i < 50; i++) {
        asm volatile(".option push\n .option norvc\n lb t0, 0(%0)\n .option pop"
                     : : "r"(0x1000 + number * 16), "r"(s2) : "t0", "memory");
        if (i % 8 == 0)
            CALL1(YIELD, 0);
    }
}

int main(int count, char **words)
{
    u64 children = count > 1 ? number_of(words[1]) : 40;
    i64 living[4] = { 0 };
    u32 status;

    pages = map(PAGES * PAGE, READ_RIGHT | WRITE_RIGHT, MAP_PRIVATE);
    for (u64 i = 0; i < THREADS; i++)
        thread(work, i, &tids[i]);
    for (u64 mark = 1; mark <= children + LENGTH(living); mark++) {
        u64 slot = mark % LENGTH(living);
        if (living[slot] > 0) {
            CHECK(wait_for(living[slot], &status) == living[slot]);
            CHECK(status == ((mark - LENGTH(living)) & 0x7f) << 8);
            living[slot] = 0;
        }
        if (mark > children)
            continue;
        living[slot] = fork();
        CHECK(living[slot] >= 0);
        if (living[slot] == 0)
            be_a_child(mark);
        CALL1(YIELD, 0);
    }
    stop = true;
    for (u64 i = 0; i < THREADS; i++)
        join(&tids[i]);
    for (u64 page = 0; page < PAGES; page++)
        CHECK(pages[page * 512 + 100] == 0);

    on_signal(SIGSEGV, skip, 0);
    for (u64 i = 0; i < THREADS; i++)
        thread(miss, i, &tids[i]);
    for (u64 i = 0; i < THREADS; i++) {
        join(&tids[i]);
        CHECK(faults[i] == 50);
    }
    say("copies: %d children, each with the memory of one moment\n", children);
    return 0;
}
