// Threads that share pages: a lock made of a futex, a counter that it guards, and pages that one
// thread unmaps and protects while others go on.  The argument is how many rounds each does.

#include "test.h"

enum { THREADS = 6 };

static u64 rounds = 400;
static u32 lock, tids[THREADS];
static u64 counter, *pages;

static void take(void)
{
    u32 free = 0;

    if (__atomic_compare_exchange_n(&lock, &free, 1, false, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return;
    while (__atomic_exchange_n(&lock, 2, __ATOMIC_ACQUIRE) != 0)
        CALL4(FUTEX, &lock, 128, 2, 0);
}

static void give(void)
{
    if (__atomic_exchange_n(&lock, 0, __ATOMIC_RELEASE) == 2)
        CALL3(FUTEX, &lock, 129, 1);
}

static void work(u64 number)
{
    u64 state = number;

    for (u64 i = 0; i < rounds; i++) {
        take();
        u64 before = counter;
        if (random(&state) % 4 == 0)
            CALL1(YIELD, 0);
        counter = before + 1;
        u64 page = random(&state) % 64;
        pages[page * 512 + number]++;
        if (random(&state) % 16 == 0) {
            // Rights come and go; nobody uses the page meanwhile.
            u8 *at = (u8 *)&pages[page * 512];
            CHECK(CALL3(MPROTECT, at, PAGE, READ_RIGHT) == 0);
            CHECK(CALL3(MPROTECT, at, PAGE, READ_RIGHT | WRITE_RIGHT) == 0);
        }
        give();
        u64 *own = map(2 * PAGE, READ_RIGHT | WRITE_RIGHT, MAP_PRIVATE);
        own[0] = number;
        own[512] = i;
        CHECK(own[0] == number && own[512] == i);
        CHECK(CALL2(MUNMAP, own, 2 * PAGE) == 0);
    }
}

int main(int count, char **words)
{
    u64 sum = 0;

    if (count > 1)
        rounds = number_of(words[1]);
    pages = map(64 * PAGE, READ_RIGHT | WRITE_RIGHT, MAP_PRIVATE);
    for (u64 i = 0; i < THREADS; i++)
        thread(work, i, &tids[i]);
    for (u64 i = 0; i < THREADS; i++)
        join(&tids[i]);
    for (u64 page = 0; page < 64; page++)
        for (u64 i = 0; i < THREADS; i++)
            sum += pages[page * 512 + i];
    CHECK(counter == THREADS * rounds);
    CHECK(sum == THREADS * rounds);
    say("threads: %d rounds of %d threads\n", rounds, (u64)THREADS);
    return 0;
}
