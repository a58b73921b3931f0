// What the supervisor's test programs share: system calls, text, checks.  There is no C library.
#pragma once

#include "../types.h"

#define PAGE 4096UL

enum {
    CLOSE = 57, PIPE2 = 59, READ = 63, WRITE = 64, EXIT = 93, EXIT_GROUP = 94, FUTEX = 98, NANOSLEEP = 101,
    YIELD = 124, KILL = 129, SIGALTSTACK = 132, SIGACTION = 134, SIGPROCMASK = 135, GETPID = 172, GETTID = 178,
    MUNMAP = 215, MREMAP = 216, CLONE = 220, MMAP = 222, MPROTECT = 226, MADVISE = 233, WAIT4 = 260,
};
enum { READ_RIGHT = 1, WRITE_RIGHT = 2, EXECUTE_RIGHT = 4 };
enum { MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_FIXED = 16, MAP_ANONYMOUS = 32 };

i64 call(u64 number, u64 a, u64 b, u64 c, u64 d, u64 e, u64 f);
i64 new_thread(u64 flags, void *stack_top, void (*function)(u64), u64 argument, u32 *parent_tid, u32 *child_tid);
#define CALL1(number, a) call(number, (u64)(a), 0, 0, 0, 0, 0)
#define CALL2(number, a, b) call(number, (u64)(a), (u64)(b), 0, 0, 0, 0)
#define CALL3(number, a, b, c) call(number, (u64)(a), (u64)(b), (u64)(c), 0, 0, 0)
#define CALL4(number, a, b, c, d) call(number, (u64)(a), (u64)(b), (u64)(c), (u64)(d), 0, 0)

void say(const char *format, ...); // %s, %d, %x
void fail(const char *what, u64 line) __attribute__((noreturn));
#define CHECK(condition) do { if (!(condition)) fail(#condition, __LINE__); } while (0)

u64 random(u64 *state);
u64 number_of(const char *text);
void *map(u64 size, u64 rights, u64 flags);
i64 fork(void);
i64 wait_for(i64 pid, u32 *status);

// Signals as Linux has them on RISC-V.
struct information { i32 signal, error, code, unused; u64 address; u8 room[104]; };
struct signal_context { u64 head[22]; u64 registers[32]; };
typedef void handler(i32 signal, struct information *information, struct signal_context *context);
void on_signal(u32 signal, handler *function, u64 flags);
