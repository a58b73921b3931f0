// Calls of the SBI, and its numbers.
#pragma once

#include "harts.h"

enum {
    SUCCESS = 0,
    FAILED = -1,
    NOT_SUPPORTED = -2,
    INVALID_PARAM = -3,
    DENIED = -4,
    INVALID_ADDRESS = -5,
    ALREADY_AVAILABLE = -6,
    ALREADY_STARTED = -7,
    ALREADY_STOPPED = -8,
    NO_SHMEM = -9,
};

enum {
    BASE = 0x10,
    TIME = 0x54494d45,
    IPI = 0x735049,
    RFENCE = 0x52464e43,
    HSM = 0x48534d,
    SRST = 0x53525354,
    PMU = 0x504d55,
    DBCN = 0x4442434e,
    SUSP = 0x53555350,
};

enum { STARTED = 0, STOPPED = 1, SUSPENDED = 4 };

struct sbiret {
    i64 error, value;
};

static inline struct sbiret sbi(u64 extension, u64 function, u64 x, u64 y, u64 z, u64 u, u64 v)
{
    register u64 a0 __asm__("a0") = x;
    register u64 a1 __asm__("a1") = y;
    register u64 a2 __asm__("a2") = z;
    register u64 a3 __asm__("a3") = u;
    register u64 a4 __asm__("a4") = v;
    register u64 a6 __asm__("a6") = function;
    register u64 a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a3), "r"(a4), "r"(a6), "r"(a7) : "memory");
    return (struct sbiret){ a0, a1 };
}
#define SBI_(e, f, x, y, z, u, v, ...) sbi(e, f, (u64)(x), (u64)(y), (u64)(z), (u64)(u), (u64)(v))
// sbi with the arguments that matter; the rest are 0.
#define SBI(...) SBI_(__VA_ARGS__, 0, 0, 0, 0, 0, 0)

static inline bool has_extension(u64 extension)
{
    return SBI(BASE, 3, extension).value != 0;
}
static inline void set_timer(u64 when)
{
    SBI(TIME, 0, when);
}
