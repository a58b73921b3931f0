// More memory than there is: writes a pattern over some MiB (the first argument), then checks every
// word of it, twice, the second time while a child changes its copy.

#include "test.h"

static u64 hash(u64 x)
{
    x *= 0x9e3779b97f4a7c15UL;
    return x ^ x >> 29;
}

static void check(const u64 *words, u64 count, u64 changed)
{
    for (u64 i = 0; i < count; i++)
        if (words[i] != (hash(i) ^ (changed != 0 && i % changed == 0)))
            fail("a word is not what was written", i);
}

int main(int count, char **arguments)
{
    u64 size = (count > 1 ? number_of(arguments[1]) : 8) << 20, words = size / 8;
    u64 *memory = map(size, READ_RIGHT | WRITE_RIGHT, MAP_PRIVATE);
    u32 status;

    for (u64 i = 0; i < words; i++)
        memory[i] = hash(i);
    check(memory, words, 0);
    i64 child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        for (u64 i = 0; i < words; i += 4096)
            memory[i] ^= 1;
        check(memory, words, 4096);
        CALL1(EXIT_GROUP, 7);
    }
    CHECK(wait_for(child, &status) == child && status == 7 << 8);
    check(memory, words, 0);
    say("pattern: %d MiB, byte for byte\n", size >> 20);
    return 0;
}
