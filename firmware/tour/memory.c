// Scene 6: more memory than there is. With `fill` every byte is written and read again, twice. With `touch`
// pages are touched, some of them often. The arguments: which, how many pages, how many of them are touched often.

#include "tour.h"

enum { WORDS = PAGE / 8, TENTH = 10, END = 1 };

static u64 pages, hot;
static u64 checked, wrong, touches, swept;

// What a word holds in a round.
static u64 pattern(u64 word, u64 round)
{
    return (word + 1) * 0x9e3779b97f4a7c15 ^ round;
}

static void write_page(u64 *memory, u64 page, u64 round)
{
    for (u64 word = page * WORDS; word < (page + 1) * WORDS; word++)
        memory[word] = pattern(word, round);
}

static void check_page(const u64 *memory, u64 page, u64 round)
{
    for (u64 word = page * WORDS; word < (page + 1) * WORDS; word++)
        wrong += memory[word] != pattern(word, round) ? 8 : 0;
    checked += PAGE;
}

// All of it, from the first page to the last.
static void fill(u64 *memory)
{
    for (u64 page = 0; page < pages; page++)
        write_page(memory, page, 0);
    for (u64 page = 0; page < pages; page++) {
        check_page(memory, page, 0);
        write_page(memory, page, 1);
    }
    for (u64 page = 0; page < pages; page++)
        check_page(memory, page, 1);
}

// Nine of ten touches go to one of the first pages, the hot ones. The tenth goes to the next of the others, round and
// round.
static void touch(u64 *memory)
{
    u64 random = 1, next = hot;

    for (u64 page = 0; page < pages; page++)
        memory[page * WORDS] = page;
    for (touches = 0; touches < TENTH * pages; touches++) {
        u64 page;

        if (touches % TENTH == 0) {
            page = next;
            next = next + 1 < pages ? next + 1 : hot;
            swept++;
        } else {
            random = random * 6364136223846793005 + 1442695040888963407;
            page = (random >> 33) % hot;
        }
        wrong += memory[page * WORDS] % pages != page;
        memory[page * WORDS] += pages;
    }
}

static void tell(const char *what, u64 number)
{
    put(what);
    put(" ");
    put_number((s64)number);
    put("\n");
}

// What the kernel says of its memory.
static void tell_memory(void)
{
    char text[1024];
    s64 file = call4(SYS_openat, AT_FDCWD, "/proc/meminfo", O_RDONLY, 0);
    s64 size = call3(SYS_read, file, text, sizeof(text));

    if (size > 0)
        put_bytes(1, text, (u64)size);
}

static u64 number(const char *text)
{
    u64 value = 0;

    while (*text != 0)
        value = value * 10 + (u64)(*text++ - '0');
    return value;
}

int program(u64 count, char **arguments, char **environment)
{
    (void)environment;
    u64 *memory;

    if (count < 3)
        return 90;
    pages = number(arguments[2]);
    memory = (u64 *)map(pages * PAGE, 0);
    tell_memory();
    if (count == 3) {
        fill(memory);
    } else {
        hot = number(arguments[3]);
        touch(memory);
    }
    tell("memory", (u64)memory);
    tell("bytes", pages * PAGE);
    tell("hot", hot * PAGE);
    tell("checked", checked);
    tell("touches", touches);
    tell("swept", swept);
    tell("wrong", wrong);
    MARK(END, memory, 1, 0);
    return 0;
}
