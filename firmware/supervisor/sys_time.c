// The system calls on time.

#include "clock.h"
#include "csr.h"
#include "sys.h"
#include "task.h"

enum { CLOCK_REALTIME = 0, CLOCK_MONOTONIC = 1, CLOCK_PROCESS = 2, CLOCK_THREAD = 3, CLOCK_LAST = 11 };

static bool is_real(u64 clock)
{
    return clock == CLOCK_REALTIME || clock == 5 || clock == 8 || clock == 11;
}

i64 deadline_of_clock(u64 from, u64 clock, bool absolute, u64 *deadline)
{
    struct timestamp time, now = is_real(clock) ? clock_real() : clock_since_start();
    i64 wait;

    *deadline = 0;
    if (from == 0)
        return 0;
    if (copy_in(&time, from, sizeof(time)) != 0)
        return -EFAULT;
    if (time.seconds < 0 || time.nanoseconds < 0 || time.nanoseconds > 999999999)
        return -EINVAL;
    if (time.seconds > 1L << 33)
        time.seconds = 1L << 33;
    wait = time.seconds * 1000000000 + time.nanoseconds;
    if (absolute)
        wait -= now.seconds * 1000000000 + now.nanoseconds;
    *deadline = MAX(1UL, time_now() + (wait > 0 ? clock_ticks(wait) : 0));
    return 0;
}

i64 deadline_in(u64 from, bool absolute, u64 *deadline)
{
    return deadline_of_clock(from, CLOCK_MONOTONIC, absolute, deadline);
}

i64 sys_clock_gettime(u64 clock, u64 to)
{
    struct timestamp time;
    u64 used = ticks_nanoseconds(current->process->user_time + current->process->system_time
                                 + time_now() - current->since);

    if (clock == CLOCK_PROCESS || clock == CLOCK_THREAD || (i32)clock < 0)
        time = (struct timestamp) { used / 1000000000, used % 1000000000 };
    else if (clock > CLOCK_LAST)
        return -EINVAL;
    else
        time = is_real(clock) ? clock_real() : clock_since_start();
    return copy_out(to, &time, sizeof(time));
}

i64 sys_clock_getres(u64 clock, u64 to)
{
    struct timestamp time = { 0, 1 };

    if ((i32)clock >= 0 && clock > CLOCK_LAST)
        return -EINVAL;
    return to == 0 ? 0 : copy_out(to, &time, sizeof(time));
}

i64 sys_gettimeofday(u64 to, u64 zone)
{
    struct timestamp time = clock_real();
    u64 zero = 0;

    time.nanoseconds /= 1000;
    if ((to != 0 && copy_out(to, &time, sizeof(time)) != 0) || (zone != 0 && copy_out(zone, &zero, 8) != 0))
        return -EFAULT;
    return 0;
}

static i64 sleep_until(u64 deadline, u64 left_at)
{
    static const u8 nobody;
    i64 error;

    do
        error = sleep_on(&nobody, deadline);
    while (error == 0);
    if (error == -ETIMEDOUT)
        return 0;
    if (left_at != 0) {
        u64 now = time_now(), left = ticks_nanoseconds(deadline > now ? deadline - now : 0);
        struct timestamp time = { left / 1000000000, left % 1000000000 };
        if (copy_out(left_at, &time, sizeof(time)) != 0)
            return -EFAULT;
    }
    return -EINTR;
}

i64 sys_clock_nanosleep(u64 clock, u64 flags, u64 from, u64 left_at)
{
    u64 deadline;
    i64 error;

    if (clock > CLOCK_LAST || clock == CLOCK_THREAD)
        return -EINVAL;
    if (from == 0)
        return -EFAULT;
    error = deadline_of_clock(from, clock, flags & 1, &deadline);
    return error != 0 ? error : sleep_until(deadline, (flags & 1) != 0 ? 0 : left_at);
}

i64 sys_nanosleep(u64 from, u64 left_at)
{
    return sys_clock_nanosleep(CLOCK_MONOTONIC, 0, from, left_at);
}

struct interval { struct timestamp interval, value; }; // with microseconds

static struct timestamp stamp(u64 ticks)
{
    u64 microseconds = (ticks_nanoseconds(ticks) + 999) / 1000;

    return (struct timestamp) { microseconds / 1000000, microseconds % 1000000 };
}

static u64 used(const struct process *process, u64 which)
{
    return process->user_time + (which == 2 ? process->system_time : 0);
}

static struct interval timer_of(const struct process *process, u64 which)
{
    u64 now = which == 0 ? time_now() : used(process, which);
    u64 at = which == 0 ? process->alarm : process->used_alarm[which - 1];
    u64 interval = which == 0 ? process->alarm_interval : process->used_interval[which - 1];
    u64 left = at == 0 ? 0 : at > now ? at - now : 1;

    return (struct interval) { stamp(interval), stamp(left) };
}

i64 sys_getitimer(u64 which, u64 to)
{
    struct interval interval;

    if (which > 2)
        return -EINVAL;
    interval = timer_of(current->process, which);
    return copy_out(to, &interval, sizeof(interval));
}

static u64 ticks_of(struct timestamp time) // with microseconds
{
    return clock_ticks(MIN(time.seconds, 1L << 33) * 1000000000UL + time.nanoseconds * 1000);
}

i64 sys_setitimer(u64 which, u64 from, u64 to)
{
    struct process *process = current->process;
    struct interval new, old;
    u64 value, interval;

    if (which > 2)
        return -EINVAL;
    if (copy_in(&new, from, sizeof(new)) != 0)
        return -EFAULT;
    if ((u64)new.value.nanoseconds > 999999 || (u64)new.interval.nanoseconds > 999999
        || new.value.seconds < 0 || new.interval.seconds < 0)
        return -EINVAL;
    old = timer_of(process, which);
    if (to != 0 && copy_out(to, &old, sizeof(old)) != 0)
        return -EFAULT;
    value = ticks_of(new.value);
    interval = ticks_of(new.interval);
    if (which != 0) {
        process->used_alarm[which - 1] = value == 0 ? 0 : used(process, which) + value;
        process->used_interval[which - 1] = interval;
        return 0;
    }
    process->alarm = value == 0 ? 0 : time_now() + value;
    process->alarm_interval = interval;
    if (process->alarm != 0)
        timer_set(process->alarm);
    return 0;
}
