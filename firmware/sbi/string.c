// The few functions of memory and text that the compiler and we need.

#include "types.h"

void *memcpy(void *to, const void *from, u64 size)
{
    u8 *t = to;
    const u8 *f = from;

    while (size--)
        *t++ = *f++;
    return to;
}

void *memset(void *to, int byte, u64 size)
{
    u8 *t = to;

    while (size--)
        *t++ = byte;
    return to;
}

int memcmp(const void *a, const void *b, u64 size)
{
    const u8 *x = a, *y = b;

    for (; size; size--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

u64 strlen(const char *text)
{
    u64 length = 0;

    while (text[length])
        length++;
    return length;
}

bool same(const char *a, const char *b)
{
    u64 length = strlen(a);

    return strlen(b) == length && memcmp(a, b, length) == 0;
}
