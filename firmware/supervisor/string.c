// Memory and text.  Copies go by eight bytes where both sides allow it.

#include "kernel.h"

void *memcpy(void *to, const void *from, u64 size)
{
    u8 *t = to;
    const u8 *f = from;

    if ((((u64)t | (u64)f) & 7) == 0)
        for (; size >= 8; size -= 8, t += 8, f += 8)
            *(u64 *)t = *(const u64 *)f;
    for (; size != 0; size--)
        *t++ = *f++;
    return to;
}

void memmove(void *to, const void *from, u64 size)
{
    u8 *t = to;
    const u8 *f = from;

    if (t <= f || t >= f + size)
        memcpy(to, from, size);
    else
        while (size-- != 0)
            t[size] = f[size];
}

void *memset(void *to, int byte, u64 size)
{
    u8 *t = to;
    u64 word = (u8)byte * 0x0101010101010101UL;

    if (((u64)t & 7) == 0)
        for (; size >= 8; size -= 8, t += 8)
            *(u64 *)t = word;
    for (; size != 0; size--)
        *t++ = byte;
    return to;
}

int memcmp(const void *a, const void *b, u64 size)
{
    const u8 *x = a, *y = b;

    for (; size != 0; size--, x++, y++)
        if (*x != *y)
            return *x - *y;
    return 0;
}

u64 strlen(const char *text)
{
    u64 length = 0;

    while (text[length] != 0)
        length++;
    return length;
}

bool same(const char *a, const char *b)
{
    while (*a != 0 && *a == *b)
        a++, b++;
    return *a == *b;
}

bool starts_with(const char *text, const char *beginning)
{
    while (*beginning != 0)
        if (*text++ != *beginning++)
            return false;
    return true;
}

// A decimal number at *text, which moves behind it; -1 if there is none.
i64 read_number(const char **text)
{
    i64 number = 0;

    if (**text < '0' || **text > '9')
        return -1;
    while (**text >= '0' && **text <= '9' && number < 1L << 56)
        number = number * 10 + (*(*text)++ - '0');
    return number;
}

void copy_page(void *to, const void *from)
{
    u64 *t = to;
    const u64 *f = from;

    for (int i = 0; i < PAGE / 8; i += 8) {
        u64 a = f[i], b = f[i + 1], c = f[i + 2], d = f[i + 3];
        t[i] = a, t[i + 1] = b, t[i + 2] = c, t[i + 3] = d;
        a = f[i + 4], b = f[i + 5], c = f[i + 6], d = f[i + 7];
        t[i + 4] = a, t[i + 5] = b, t[i + 6] = c, t[i + 7] = d;
    }
}

void clear_page(void *page)
{
    u64 *t = page;

    for (int i = 0; i < PAGE / 8; i += 8) {
        t[i] = 0, t[i + 1] = 0, t[i + 2] = 0, t[i + 3] = 0;
        t[i + 4] = 0, t[i + 5] = 0, t[i + 6] = 0, t[i + 7] = 0;
    }
}
