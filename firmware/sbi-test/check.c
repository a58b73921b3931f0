// Printing, counting, and the end.

#include "check.h"

static u64 checks, failures;

static void put(char c)
{
    static int has_console; // 1 yes, -1 no

    if (has_console == 0)
        has_console = has_extension(DBCN) ? 1 : -1;
    if (has_console > 0)
        SBI(DBCN, 2, (u8)c);
    else
        SBI(1, 0, (u8)c);
}

static void put_number(u64 number, u64 base)
{
    char digits[24];
    int count = 0;

    do {
        digits[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    while (count > 0)
        put(digits[--count]);
}

static void say_list(const char *format, __builtin_va_list list)
{
    for (; *format; format++) {
        if (*format != '%') {
            put(*format);
            continue;
        }
        format++;
        if (*format == 's') {
            for (const char *text = __builtin_va_arg(list, const char *); *text; text++)
                put(*text);
        } else if (*format == 'd') {
            i64 number = __builtin_va_arg(list, i64);
            if (number < 0)
                put('-');
            put_number(number < 0 ? -(u64)number : (u64)number, 10);
        } else if (*format == 'x') {
            put('0');
            put('x');
            put_number(__builtin_va_arg(list, u64), 16);
        }
    }
}

void say(const char *format, ...)
{
    __builtin_va_list list;

    __builtin_va_start(list, format);
    say_list(format, list);
    __builtin_va_end(list);
}

#define VERDICT(good) do { \
    __builtin_va_list list; \
    checks++; \
    failures += !(good); \
    say((good) ? "ok   " : "FAIL "); \
    __builtin_va_start(list, what); \
    say_list(what, list); \
    __builtin_va_end(list); \
} while (0)

void check(bool good, const char *what, ...)
{
    VERDICT(good);
    say("\n");
}

void check_equal(u64 got, u64 want, const char *what, ...)
{
    VERDICT(got == want);
    if (got != want)
        say(": got %x, want %x", got, want);
    say("\n");
}

void check_error(struct sbiret got, i64 want, const char *what, ...)
{
    VERDICT(got.error == want);
    if (got.error != want)
        say(": got error %d, want %d", got.error, want);
    say("\n");
}

// Success, and this value.
void check_value(struct sbiret got, u64 value, const char *what, ...)
{
    VERDICT(got.error == SUCCESS && (u64)got.value == value);
    if (got.error != SUCCESS)
        say(": got error %d", got.error);
    else if ((u64)got.value != value)
        say(": got %x, want %x", got.value, value);
    say("\n");
}

void skip(const char *what)
{
    say("skip %s\n", what);
}

void finish(void)
{
    say("sbi-test: %d checks, %d failed\n", checks, failures);
    SBI(SRST, 0, 0, failures != 0);
    SBI(8, 0, 0);
    for (;;)
        ;
}

void give_up(const char *why)
{
    failures++;
    say("FAIL %s\n", why);
    finish();
}
