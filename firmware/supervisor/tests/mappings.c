// A storm of mmap, munmap, mprotect, mremap and madvise, checked against a model: for each page what
// it must hold and what may be done to it.  Whether a page can be read or written is asked of the
// kernel with a pipe, so that a wrong right shows as EFAULT and not as a crash.  The argument is how many steps.

#include "test.h"

enum { PAGES = 256 };

static struct { bool mapped; u8 rights; u64 value; } model[PAGES];
static u8 *base;
static i32 ends[2];
static u64 state = 1;

static u64 *word(u64 page)
{
    return (u64 *)(base + page * PAGE + 8 * (page % 500));
}

static void check(u64 page)
{
    u64 value;
    i64 readable = CALL3(WRITE, ends[1], word(page), 8), writable;

    CHECK(readable == (model[page].mapped && model[page].rights != 0 ? 8 : -EFAULT));
    if (readable != 8)
        return;
    CHECK(CALL3(READ, ends[0], &value, 8) == 8);
    CHECK(value == model[page].value);
    value = random(&state);
    CHECK(CALL3(WRITE, ends[1], &value, 8) == 8);
    writable = CALL3(READ, ends[0], word(page), 8);
    CHECK(writable == ((model[page].rights & WRITE_RIGHT) != 0 ? 8 : -EFAULT));
    if (writable == 8)
        model[page].value = value;
    else
        CHECK(CALL3(READ, ends[0], &value, 8) == 8);
}

static void step(void)
{
    static const u8 choices[] = { 0, READ_RIGHT, READ_RIGHT | WRITE_RIGHT, READ_RIGHT | EXECUTE_RIGHT,
                                  READ_RIGHT | WRITE_RIGHT };
    u64 first = random(&state) % PAGES, count = 1 + random(&state) % 24, rights = choices[random(&state) % 5];
    bool all = true;

    if (first + count > PAGES)
        count = PAGES - first;
    u8 *start = base + first * PAGE;
    for (u64 page = first; page < first + count; page++)
        all = all && model[page].mapped;
    switch (random(&state) % 6) {
    case 0:
    case 1:
        CHECK(call(MMAP, (u64)start, count * PAGE, rights, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == (i64)start);
        for (u64 page = first; page < first + count; page++) {
            model[page].mapped = true;
            model[page].rights = rights;
            model[page].value = 0;
        }
        break;
    case 2:
        CHECK(CALL2(MUNMAP, start, count * PAGE) == 0);
        for (u64 page = first; page < first + count; page++)
            model[page].mapped = false;
        break;
    case 3:
        if (!all)
            break;
        CHECK(CALL3(MPROTECT, start, count * PAGE, rights) == 0);
        for (u64 page = first; page < first + count; page++)
            model[page].rights = rights;
        break;
    case 4:
        if (!all)
            break;
        CHECK(CALL3(MADVISE, start, count * PAGE, 4) == 0); // MADV_DONTNEED
        for (u64 page = first; page < first + count; page++)
            model[page].value = 0;
        break;
    default:
        for (u64 page = first; page < first + count; page++)
            check(page);
    }
}

int main(int count, char **words)
{
    u64 steps = count > 1 ? number_of(words[1]) : 6000;

    CHECK(CALL2(PIPE2, ends, O_NONBLOCK) == 0);
    base = map(PAGES * PAGE, 0, MAP_PRIVATE);
    for (u64 page = 0; page < PAGES; page++)
        model[page].mapped = true;
    for (u64 i = 0; i < steps; i++)
        step();
    for (u64 page = 0; page < PAGES; page++)
        check(page);
    // A block that grows and moves keeps what it holds.
    u64 size = 3 * PAGE;
    u64 *block = map(size, READ_RIGHT | WRITE_RIGHT, MAP_PRIVATE);
    for (u64 i = 0; i < 100; i++) {
        block[0] = i;
        block[size / 8 - 1] = i;
        block = (u64 *)CALL4(MREMAP, block, size, size + PAGE, 1);
        CHECK((i64)block > 0 && block[0] == i && block[size / 8 - 1] == i);
        size += PAGE;
    }
    say("mappings: %d steps, each page as the model says\n", steps);
    return 0;
}
