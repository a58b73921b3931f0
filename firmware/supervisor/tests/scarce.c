// Where memory is scarce.  `fork FILE`, without swap: children of a process with many tables, for which pages of
// the file, a hundred, must go.  `cut`, with swap: a file in memory whose last page is on the disk when the file gets shorter.

#include "test.h"

enum { TABLES = 1200, FORKS = 30, LARGE = 2 << 20 };
#define FIRST 0x1000000000UL

static void forks(const char *path)
{
    i64 file = CALL4(OPENAT, HERE, path, 0, 0), child;
    volatile u8 *pages = (u8 *)FIRST;
    u32 status;

    CHECK(file >= 0);
    for (u64 i = 0; i < TABLES; i++) {
        CHECK(call(MMAP, FIRST + i * LARGE, PAGE, READ_RIGHT, MAP_PRIVATE | MAP_FIXED, file, i % 100 * PAGE) > 0);
        (void)pages[i * LARGE];
    }
    for (u64 round = 0; round < FORKS; round++) {
        child = fork();
        if (child == 0) {
            child = fork();
            if (child > 0)
                wait_for(child, &status);
            CALL1(EXIT_GROUP, 0);
        }
        if (child > 0)
            wait_for(child, &status);
        for (u64 i = 0; i < TABLES; i += 7)
            (void)pages[i * LARGE];
    }
    say("scarce: all forks came to an end\n");
}

static void cut(void)
{
    enum { PAGES = 64, FILL = 24 << 20 };
    static u8 page[PAGE];
    i64 file = CALL2(MEMFD_CREATE, "cut", 0);
    u8 *fill = map(FILL, READ_RIGHT | WRITE_RIGHT, MAP_PRIVATE);

    memset(page, 's', PAGE);
    for (u64 i = 0; i < PAGES; i++)
        CHECK(CALL3(WRITE, file, page, PAGE) == (i64)PAGE);
    for (u64 i = 0; i < 2 * FILL; i += PAGE)
        fill[i % FILL] = i;
    for (u64 i = PAGES - 1; i != 0; i--) {
        CHECK(CALL2(FTRUNCATE, file, i * PAGE + 100) == 0);
        CHECK(CALL2(FTRUNCATE, file, (i + 1) * PAGE) == 0);
        CHECK(CALL4(PREAD64, file, page, PAGE, i * PAGE) == (i64)PAGE);
        for (u64 at = 0; at < PAGE; at++)
            CHECK(page[at] == (at < 100 ? 's' : 0));
        CHECK(CALL2(FTRUNCATE, file, i * PAGE) == 0);
    }
    say("scarce: what was cut off is zero\n");
}

int main(int count, char **words)
{
    CHECK(count >= 2);
    if (count == 3)
        forks(words[2]);
    else
        cut();
    return 0;
}
