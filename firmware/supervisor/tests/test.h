// What the supervisor's test programs share: system calls, text, checks.  There is no C library.
#pragma once

#include "../types.h"

#define PAGE 4096UL

enum {
    GETCWD = 17, EVENTFD2 = 19, EPOLL_CREATE1 = 20, EPOLL_CTL = 21, EPOLL_PWAIT = 22, IOCTL = 29, MKNODAT = 33,
    MKDIRAT = 34, UNLINKAT = 35, SYMLINKAT = 36, LINKAT = 37, TRUNCATE = 45, FTRUNCATE = 46, FALLOCATE = 47,
    CHDIR = 49, FCHDIR = 50, OPENAT = 56, CLOSE = 57, PIPE2 = 59, GETDENTS64 = 61, LSEEK = 62, READ = 63, WRITE = 64,
    READV = 65, WRITEV = 66, PREAD64 = 67, PWRITE64 = 68, PREADV = 69, PWRITEV = 70, PPOLL = 73, READLINKAT = 78,
    NEWFSTATAT = 79, FSTAT = 80, EXIT = 93, EXIT_GROUP = 94, FUTEX = 98, SET_ROBUST_LIST = 99, NANOSLEEP = 101,
    SETITIMER = 103, CLOCK_GETTIME = 113, YIELD = 124, KILL = 129, SIGALTSTACK = 132, SIGACTION = 134,
    SIGPROCMASK = 135, GETPID = 172, GETTID = 178, BRK = 214, MUNMAP = 215, MREMAP = 216, CLONE = 220, EXECVE = 221,
    MMAP = 222, MPROTECT = 226, MSYNC = 227, MADVISE = 233, WAIT4 = 260, RENAMEAT2 = 276, GETRANDOM = 278,
    MEMFD_CREATE = 279,
};
#define HERE (-100L) // AT_FDCWD
enum { O_RDWR = 2, O_CREAT = 0100, O_TRUNC = 01000, O_NONBLOCK = 04000, O_DIRECTORY = 0200000 };
enum {
    ENOENT = 2, E2BIG = 7, EBADF = 9, ECHILD = 10, EAGAIN = 11, ENOMEM = 12, EFAULT = 14, EINVAL = 22, EFBIG = 27,
    ENAMETOOLONG = 36, ENOSYS = 38, ELOOP = 40, EOVERFLOW = 75,
};
enum { SIGILL = 4, SIGBUS = 7, SIGKILL = 9, SIGUSR1 = 10, SIGSEGV = 11, SIGALRM = 14 };
enum { READ_RIGHT = 1, WRITE_RIGHT = 2, EXECUTE_RIGHT = 4 };
enum { MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 16, MAP_ANONYMOUS = 32 };

i64 call(u64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);
i64 new_thread(u64 flags, void *stack_top, void (*function)(u64), u64 argument, u32 *parent_tid, u32 *child_tid);
#define CALL1(number, a) call(number, (u64)(a), 0, 0, 0, 0, 0)
#define CALL2(number, a, b) call(number, (u64)(a), (u64)(b), 0, 0, 0, 0)
#define CALL3(number, a, b, c) call(number, (u64)(a), (u64)(b), (u64)(c), 0, 0, 0)
#define CALL4(number, a, b, c, d) call(number, (u64)(a), (u64)(b), (u64)(c), (u64)(d), 0, 0)
#define CALL5(number, a, b, c, d, e) call(number, (u64)(a), (u64)(b), (u64)(c), (u64)(d), (u64)(e), 0)
#define CALL6(number, a, b, c, d, e, f) call(number, (u64)(a), (u64)(b), (u64)(c), (u64)(d), (u64)(e), (u64)(f))

void say(const char *format, ...); // %s, %d, %x
void fail(const char *what, u64 line) __attribute__((noreturn));
#define CHECK(condition) do { if (!(condition)) fail(#condition, __LINE__); } while (0)

u64 random(u64 *state);
u64 number_of(const char *text);
void *map(u64 size, u64 rights, u64 flags);
i64 fork(void);
i64 wait_for(i64 pid, u32 *status);
void rest(u64 microseconds);
// A thread with a stack of its own; its word is 0 again when it has ended.
void thread(void (*function)(u64), u64 argument, u32 *tid);
void join(u32 *tid);

// Signals as Linux has them on RISC-V.
struct information { i32 signal, error, code, unused; u64 address; u8 room[104]; };
struct signal_context { u64 head[22]; u64 registers[32]; };
typedef void handler(i32 signal, struct information *information, struct signal_context *context);
void on_signal(u32 signal, handler *function, u64 flags);
