// The firmware's own few lines: %s text, %d decimal, %x hexadecimal; numbers are u64.

#include "firmware.h"

struct lock console_lock;

static void put(char c)
{
    if (c == '\n')
        uart_put('\r');
    uart_put(c);
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

void print(const char *format, ...)
{
    __builtin_va_list arguments;

    __builtin_va_start(arguments, format);
    for (; *format; format++) {
        if (*format != '%') {
            put(*format);
            continue;
        }
        format++;
        if (*format == 's') {
            for (const char *text = __builtin_va_arg(arguments, const char *); *text; text++)
                put(*text);
        } else if (*format == 'd') {
            put_number(__builtin_va_arg(arguments, u64), 10);
        } else if (*format == 'x') {
            put('0');
            put('x');
            put_number(__builtin_va_arg(arguments, u64), 16);
        }
    }
    __builtin_va_end(arguments);
}
