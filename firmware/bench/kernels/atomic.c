// Counters changed by atomic instructions: LR/SC, a lock made with them, and AMOs.
// modes: m sv39

#include "../bench.h"

const char kernel_name[] = "atomic";
const u64 memory_needed = 0;

enum { COUNTERS = 16 };

// Each on a line of its own.
static struct counter {
    u64 value;
    u64 maximum;
    u32 word;
    u32 lock;
    u64 locked;
    u64 rest[4];
} counters[COUNTERS] __attribute__((aligned(64)));

static void add_by_pair(u64 *at, u64 value)
{
    u64 old, failed;
    __asm__ volatile("1: lr.d %0, (%2)\n\t"
                     "add %0, %0, %3\n\t"
                     "sc.d %1, %0, (%2)\n\t"
                     "bnez %1, 1b"
                     : "=&r"(old), "=&r"(failed) : "r"(at), "r"(value) : "memory");
}

static u64 add_at_once(u64 *at, u64 value)
{
    u64 old;
    __asm__ volatile("amoadd.d %0, %2, (%1)" : "=r"(old) : "r"(at), "r"(value) : "memory");
    return old;
}

static void raise_to(u64 *at, u64 value)
{
    __asm__ volatile("amomaxu.d zero, %1, (%0)" : : "r"(at), "r"(value) : "memory");
}

static u32 toggle(u32 *at, u32 bits)
{
    u32 old;
    __asm__ volatile("amoxor.w %0, %2, (%1)" : "=r"(old) : "r"(at), "r"(bits) : "memory");
    return old;
}

static void lock(u32 *at)
{
    u64 old, failed;
    __asm__ volatile("1: lr.w.aq %0, (%2)\n\t"
                     "bnez %0, 1b\n\t"
                     "sc.w %1, %3, (%2)\n\t"
                     "bnez %1, 1b"
                     : "=&r"(old), "=&r"(failed) : "r"(at), "r"(1) : "memory");
}

static void unlock(u32 *at)
{
    __asm__ volatile("amoswap.w.rl zero, zero, (%0)" : : "r"(at) : "memory");
}

u64 kernel(void)
{
    u64 rounds = scaled(10000000, 1000), state = 21, sum = 0;
    for (u64 round = 0; round < rounds; round++) {
        struct counter *counter = &counters[next_random(&state) % COUNTERS];
        add_by_pair(&counter->value, round);
        sum += add_at_once(&counter->value, 1);
        raise_to(&counter->maximum, state);
        sum ^= toggle(&counter->word, (u32)state);
        lock(&counter->lock);
        counter->locked++;
        unlock(&counter->lock);
    }
    u64 value = 0, locked = 0, maximum = 0;
    u32 word = 0;
    for (int i = 0; i < COUNTERS; i++) {
        struct counter *counter = &counters[i];
        value += counter->value;
        locked += counter->locked;
        word ^= counter->word;
        maximum = counter->maximum > maximum ? counter->maximum : maximum;
        check(counter->lock == 0, "a lock is still held");
    }
    check(value == rounds * (rounds + 1) / 2, "the sum of the counters is wrong");
    check(locked == rounds, "a count under the lock is lost");
    // The same numbers again, without atomic instructions.
    u64 largest = 0;
    u32 toggled = 0;
    state = 21;
    for (u64 round = 0; round < rounds; round++) {
        u64 number = next_random(&state);
        toggled ^= (u32)number;
        largest = number > largest ? number : largest;
    }
    check(word == toggled, "a bit is wrong");
    check(maximum == largest, "the maximum is wrong");
    return add_to(add_to(sum, value), maximum);
}
