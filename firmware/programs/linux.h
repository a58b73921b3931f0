// Linux's system calls for programs without a C library, and a few words to print with.
// Numbers are those of the generic table, which RISC-V has.
#pragma once

typedef unsigned long u64;
typedef long s64;

#define AT_FDCWD (-100)
#define O_RDONLY 0
#define O_WRONLY 1
#define O_RDWR 2
#define O_CREAT 0100
#define O_TRUNC 01000
#define O_DIRECTORY 0200000

enum {
    SYS_getcwd = 17,
    SYS_mknodat = 33,
    SYS_mkdirat = 34,
    SYS_unlinkat = 35,
    SYS_symlinkat = 36,
    SYS_linkat = 37,
    SYS_mount = 40,
    SYS_pivot_root = 41,
    SYS_truncate = 45,
    SYS_ftruncate = 46,
    SYS_chdir = 49,
    SYS_fchdir = 50,
    SYS_chroot = 51,
    SYS_fchmodat = 53,
    SYS_openat = 56,
    SYS_close = 57,
    SYS_getdents64 = 61,
    SYS_lseek = 62,
    SYS_read = 63,
    SYS_write = 64,
    SYS_pread64 = 67,
    SYS_pwrite64 = 68,
    SYS_readlinkat = 78,
    SYS_exit_group = 94,
    SYS_socket = 198,
    SYS_mmap = 222,
    SYS_renameat2 = 276,
    SYS_execve = 221,
};

static inline s64 call(u64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f)
{
    register u64 a0 asm("a0") = a;
    register u64 a1 asm("a1") = b;
    register u64 a2 asm("a2") = c;
    register u64 a3 asm("a3") = d;
    register u64 a4 asm("a4") = e;
    register u64 a5 asm("a5") = f;
    register u64 a7 asm("a7") = number;

    asm volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a2), "r"(a3), "r"(a4), "r"(a5), "r"(a7) : "memory");
    return (s64)a0;
}

#define call1(number, a) call(number, (u64)(a), 0, 0, 0, 0, 0)
#define call2(number, a, b) call(number, (u64)(a), (u64)(b), 0, 0, 0, 0)
#define call3(number, a, b, c) call(number, (u64)(a), (u64)(b), (u64)(c), 0, 0, 0)
#define call4(number, a, b, c, d) call(number, (u64)(a), (u64)(b), (u64)(c), (u64)(d), 0, 0)
#define call5(number, a, b, c, d, e) call(number, (u64)(a), (u64)(b), (u64)(c), (u64)(d), (u64)(e), 0)

static inline u64 length(const char *text)
{
    u64 count = 0;

    while (text[count] != 0)
        count++;
    return count;
}

// Writes all of it, or ends the program.
static inline void put_bytes(int to, const char *bytes, u64 count)
{
    while (count > 0) {
        s64 done = call3(SYS_write, to, bytes, count);

        if (done <= 0)
            call1(SYS_exit_group, 99);
        bytes += done;
        count -= (u64)done;
    }
}

static inline void put(const char *text)
{
    put_bytes(1, text, length(text));
}

static inline void put_number(s64 number)
{
    char digits[24];
    int at = sizeof(digits);
    u64 rest = number < 0 ? -(u64)number : (u64)number;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest != 0);
    if (number < 0)
        digits[--at] = '-';
    put_bytes(1, digits + at, sizeof(digits) - (u64)at);
}

// What a program is: its exit code is what this returns.
int program(u64 count, char **arguments, char **environment);
