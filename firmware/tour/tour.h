// What the programs of the tour share: the system calls of firmware/programs, and marks.
#pragma once

#include "../programs/linux.h"

typedef unsigned char u8;

#define PAGE 4096UL

enum { SYS_pipe2 = 59, SYS_clone = 220, SYS_wait4 = 260 };
enum { PROT_READ = 1, PROT_WRITE = 2 };
enum { MAP_PRIVATE = 2, MAP_ANONYMOUS = 0x20, MAP_HUGETLB = 0x40000 };
enum { SIGCHLD = 17 };

// A point at which Pagewalk looks at the machine: an instruction that does nothing, one of the hints
// that the manual leaves to custom use. `va` and `pages` say at what, `value` is anything else.
#define MARK(number, va, pages, value)                                                             \
    do {                                                                                           \
        u64 mark_va = (u64)(va), mark_pages = (u64)(pages), mark_value = (u64)(value);             \
        register u64 a0 asm("a0") = mark_va;                                                       \
        register u64 a1 asm("a1") = mark_pages;                                                    \
        register u64 a2 asm("a2") = mark_value;                                                    \
        asm volatile("slti zero, zero, %0" : : "i"(number), "r"(a0), "r"(a1), "r"(a2) : "memory"); \
    } while (0)

// Zeroed memory, or the end of the program.
static inline u8 *map(u64 size, u64 flags)
{
    s64 at = call(SYS_mmap, 0, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, (u64)-1, 0);

    if (at < 0 && at > -4096)
        call1(SYS_exit_group, 98);
    return (u8 *)at;
}

// 0 in the child, its number in the parent.
static inline s64 fork(void)
{
    s64 child = call2(SYS_clone, SIGCHLD, 0);

    if (child < 0)
        call1(SYS_exit_group, 97);
    return child;
}

// Waits for a child and says how it ended, as Linux says it: the signal that killed it is in the low
// seven bits.
static inline u64 wait_for(s64 child)
{
    unsigned status = 0;

    if (call4(SYS_wait4, child, &status, 0, 0) != child)
        call1(SYS_exit_group, 96);
    return status;
}
