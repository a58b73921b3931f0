// The few functions that all test programs use.

#include "test.h"

void *memcpy(void *to, const void *from, u64 size)
{
    for (u64 i = 0; i < size; i++)
        ((u8 *)to)[i] = ((const u8 *)from)[i];
    return to;
}

void *memset(void *to, int byte, u64 size)
{
    for (u64 i = 0; i < size; i++)
        ((u8 *)to)[i] = byte;
    return to;
}

static char line[512];
static u64 length;

static void put_number(u64 number, u64 base)
{
    char digits[24];
    int count = 0;

    do
        digits[count++] = "0123456789abcdef"[number % base];
    while ((number /= base) != 0);
    while (count > 0)
        line[length++] = digits[--count];
}

void say(const char *format, ...)
{
    __builtin_va_list arguments;

    __builtin_va_start(arguments, format);
    for (length = 0; *format != 0 && length < sizeof(line) - 32; format++) {
        if (*format != '%') {
            line[length++] = *format;
        } else if (*++format == 's') {
            for (const char *text = __builtin_va_arg(arguments, const char *); *text != 0 && length < 400; text++)
                line[length++] = *text;
        } else {
            put_number(__builtin_va_arg(arguments, u64), *format == 'x' ? 16 : 10);
        }
    }
    __builtin_va_end(arguments);
    CALL3(WRITE, 1, line, length);
}

void fail(const char *what, u64 at)
{
    say("FAILED in line %d: %s\n", at, what);
    for (;;)
        CALL1(EXIT_GROUP, 1);
}

u64 random(u64 *state)
{
    u64 z = *state += 0x9e3779b97f4a7c15UL;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9UL;
    return z ^ z >> 27;
}

u64 number_of(const char *text)
{
    u64 number = 0;

    while (*text >= '0' && *text <= '9')
        number = number * 10 + (*text++ - '0');
    return number;
}

void *map(u64 size, u64 rights, u64 flags)
{
    i64 at = call(MMAP, 0, size, rights, flags | MAP_ANONYMOUS, -1, 0);

    CHECK(at > 0);
    return (void *)at;
}

i64 fork(void)
{
    return CALL1(CLONE, 17); // SIGCHLD
}

i64 wait_for(i64 pid, u32 *status)
{
    return CALL4(WAIT4, pid, status, 0, 0);
}

void on_signal(u32 signal, handler *function, u64 flags)
{
    u64 action[3] = { (u64)function, flags | 4, 0 }; // SA_SIGINFO

    CHECK(CALL4(SIGACTION, signal, action, 0, 8) == 0);
}

void rest(u64 microseconds)
{
    u64 time[2] = { microseconds / 1000000, microseconds % 1000000 * 1000 };

    CHECK(CALL2(NANOSLEEP, time, 0) == 0);
}

void thread(void (*function)(u64), u64 argument, u32 *tid)
{
    enum { STACK = 16 * PAGE };
    // VM, FS, FILES, SIGHAND, THREAD, SYSVSEM, PARENT_SETTID, CHILD_CLEARTID
    u64 flags = 0x100 | 0x200 | 0x400 | 0x800 | 0x10000 | 0x40000 | 0x100000 | 0x200000;
    u8 *stack = map(STACK, READ_RIGHT | WRITE_RIGHT, MAP_PRIVATE);

    CHECK(new_thread(flags, stack + STACK, function, argument, tid, tid) > 0);
}

void join(u32 *tid)
{
    u32 running;

    while ((running = __atomic_load_n(tid, __ATOMIC_ACQUIRE)) != 0)
        CALL4(FUTEX, tid, 0, running, 0);
}
