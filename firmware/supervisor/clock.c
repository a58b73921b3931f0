// The clocks.  All follow the `time` CSR; the real-time clock is read once, at the start.

#include "clock.h"
#include "csr.h"
#include "../sbi/mmio.h"

#define SECOND 1000000000UL

static u64 real_at_start, start;

void clock_start(void)
{
    start = time_now();
    if (platform.rtc != 0) { // goldfish: the low half first, which latches the high one
        u64 low = mmio_read32(platform.rtc + DIRECT);
        real_at_start = (u64)mmio_read32(platform.rtc + DIRECT + 4) << 32 | low;
    }
}

u64 ticks_nanoseconds(u64 ticks)
{
    return ticks / platform.timebase * SECOND + ticks % platform.timebase * SECOND / platform.timebase;
}

u64 clock_ticks(u64 nanoseconds)
{
    u64 seconds = nanoseconds / SECOND;

    if (seconds > 1UL << 34)
        return 1UL << 62;
    return seconds * platform.timebase + (nanoseconds % SECOND * platform.timebase + SECOND - 1) / SECOND;
}

u64 clock_nanoseconds(void)
{
    return ticks_nanoseconds(time_now());
}

static struct timestamp stamp(u64 nanoseconds)
{
    return (struct timestamp) { nanoseconds / SECOND, nanoseconds % SECOND };
}

struct timestamp clock_since_start(void)
{
    return stamp(clock_nanoseconds());
}

struct timestamp clock_real(void)
{
    return stamp(real_at_start + ticks_nanoseconds(time_now() - start));
}
