// Random numbers: the generator SplitMix64, whose state comes
// from the device tree's `rng-seed`.  Never from the clock, so that a run is the same each time; and
// no secret should be made from it.

#include "kernel.h"

static u64 state;

void random_start(void)
{
    for (u32 i = 0; i < platform.seed_size; i++)
        state = (state << 8 | state >> 56) ^ platform.seed[i] * 0x9e3779b97f4a7c15UL;
}

u64 random_number(void)
{
    u64 z = state += 0x9e3779b97f4a7c15UL;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebUL;
    return z ^ z >> 31;
}

void random_bytes(u8 *to, u64 size)
{
    while (size != 0) {
        u64 number = random_number(), part = MIN(size, 8UL);
        memcpy(to, &number, part);
        to += part;
        size -= part;
    }
}
