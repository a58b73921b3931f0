// Code that changes: a function is written, in part or whole, fenced with fence.i, and called.
// modes: m sv39

#include "../bench.h"

const char kernel_name[] = "patch";
const u64 memory_needed = 0;

enum { STEPS = 30, CALLS = 24 };

static u32 code[STEPS + 1] __attribute__((section(".patched")));
static u64 (*const function)(u64) = (u64 (*)(u64))code;

// Each step is `addi a0, a0, immediate` or `xori a0, a0, immediate`.
static void write_step(u64 step, u32 immediate)
{
    u32 operation = immediate & 1 ? 4 << 12 : 0;
    code[step] = immediate << 20 | 10 << 15 | operation | 10 << 7 | 0x13;
}

// What a call should give: the same steps, read from their encodings.
static u64 expected(u64 value)
{
    for (u64 step = 0; step < STEPS; step++) {
        i64 immediate = (i32)code[step] >> 20;
        value = code[step] & 4 << 12 ? value ^ (u64)immediate : value + (u64)immediate;
    }
    return value;
}

u64 kernel(void)
{
    u64 rounds = scaled(100000, 20), state = 3, sum = 0;
    for (u64 step = 0; step < STEPS; step++)
        write_step(step, 0);
    code[STEPS] = 0x00008067; // ret
    for (u64 round = 0; round < rounds; round++) {
        if (round % 8 == 0) {
            for (u64 step = 0; step < STEPS; step++)
                write_step(step, next_random(&state) >> 50 & 0xfff);
        } else {
            write_step(random_below(&state, STEPS), next_random(&state) >> 50 & 0xfff);
        }
        __asm__ volatile("fence.i" : : : "memory");
        check(function(round) == expected(round), "code ran as it was before");
        for (int call = 1; call < CALLS; call++)
            sum = function(sum + call);
    }
    return sum;
}
