// Text with numbers in it, for the console and for the files of /proc.

#include "kernel.h"

struct output {
    char *to; // NULL: the console
    u64 room, length;
};

static void put(struct output *output, char c)
{
    if (output->to == NULL)
        console_put(c);
    else if (output->length < output->room)
        output->to[output->length] = c;
    output->length++;
}

static void put_number(struct output *output, u64 number, u64 base, int width, char filler)
{
    char digits[24];
    int count = 0;

    do {
        digits[count++] = "0123456789abcdef"[number % base];
        number /= base;
    } while (number != 0);
    for (; width > count; width--)
        put(output, filler);
    while (count > 0)
        put(output, digits[--count]);
}

static void write_format(struct output *output, const char *format, __builtin_va_list arguments)
{
    for (; *format != 0; format++) {
        int width = 0;
        char filler = ' ';
        i64 number;

        if (*format != '%') {
            put(output, *format);
            continue;
        }
        format++;
        if (*format == '0')
            filler = '0';
        while (*format >= '0' && *format <= '9')
            width = width * 10 + (*format++ - '0');
        switch (*format) {
        case 's':
            for (const char *text = __builtin_va_arg(arguments, const char *); *text != 0; text++)
                put(output, *text);
            break;
        case 'c':
            put(output, __builtin_va_arg(arguments, int));
            break;
        case 'i':
            number = __builtin_va_arg(arguments, i64);
            if (number < 0)
                put(output, '-');
            put_number(output, number < 0 ? -(u64)number : (u64)number, 10, width, filler);
            break;
        case 'd':
            put_number(output, __builtin_va_arg(arguments, u64), 10, width, filler);
            break;
        case 'x':
            put_number(output, __builtin_va_arg(arguments, u64), 16, width, filler);
            break;
        default:
            put(output, *format);
        }
    }
}

void print(const char *format, ...)
{
    struct output output = { .to = NULL };
    __builtin_va_list arguments;

    __builtin_va_start(arguments, format);
    write_format(&output, format, arguments);
    __builtin_va_end(arguments);
}

// The length without the NUL, which is always there.
u64 format_arguments(char *to, u64 room, const char *format, __builtin_va_list arguments)
{
    struct output output = { .to = to, .room = room - 1 };

    write_format(&output, format, arguments);
    output.length = MIN(output.length, room - 1);
    to[output.length] = 0;
    return output.length;
}

u64 format_text(char *to, u64 room, const char *format, ...)
{
    __builtin_va_list arguments;
    u64 length;

    __builtin_va_start(arguments, format);
    length = format_arguments(to, room, format, arguments);
    __builtin_va_end(arguments);
    return length;
}
