// The console and the end of the run, on two kinds of machine: one whose device tree names the host
// interface HTIF (Spike; Pagewalk, since this program has the symbol `tohost`), and the others, which
// have QEMU's serial line and test finisher.

#include "bench.h"

#define SERIAL ((volatile u8 *)0x10000000)
#define FINISHER ((volatile u32 *)0x100000)

extern volatile u64 tohost, fromhost;

static int has_htif = 1;

void find_console(const u8 *device_tree)
{
    static const char name[] = "ucb,htif0";
    if (!device_tree)
        return;
    // Big-endian: the size of the whole tree.
    u64 size = (u64)device_tree[4] << 24 | device_tree[5] << 16 | device_tree[6] << 8 | device_tree[7];
    has_htif = 0;
    for (u64 at = 0; at + sizeof name <= size && !has_htif; at++) {
        u64 same = 0;
        while (same < sizeof name && device_tree[at + same] == (u8)name[same])
            same++;
        has_htif = same == sizeof name;
    }
}

static void put(char c)
{
    if (!has_htif) {
        while (!(SERIAL[5] & 0x20)) // the line status: room for a character
            ;
        SERIAL[0] = c;
        return;
    }
    while (tohost)
        fromhost = 0;
    tohost = 1UL << 56 | 1UL << 48 | (u8)c; // device 1, command 1: write
    while (tohost)
        fromhost = 0;
}

void print(const char *text)
{
    while (*text)
        put(*text++);
}

void print_decimal(u64 value)
{
    if (value >= 10)
        print_decimal(value / 10);
    put('0' + value % 10);
}

void print_hex(u64 value)
{
    print("0x");
    for (int shift = 60; shift >= 0; shift -= 4)
        put("0123456789abcdef"[value >> shift & 15]);
}

void finish(u64 code)
{
    if (has_htif)
        tohost = code << 1 | 1;
    else
        *FINISHER = code ? code << 16 | 0x3333 : 0x5555;
    for (;;)
        ;
}

void fail(const char *what)
{
    print(kernel_name);
    print("-");
    print(mode_name);
    print(" FAILED: ");
    print(what);
    print("\n");
    finish(1);
}
