// What the parts of the firmware know of each other.
#pragma once

#include "csr.h"
#include "layout.h"
#include "platform.h"
#include "sbi.h"
#include "trap.h"
#include "types.h"

#define FIRMWARE_NAME "Pagewalk firmware"
#define FIRMWARE_MAJOR 1
#define FIRMWARE_MINOR 0

// From link.ld.
extern u8 firmware_start[], firmware_end[], firmware_size[];
#define FIRMWARE_START ((u64)firmware_start)
#define FIRMWARE_END ((u64)firmware_end)
#define FIRMWARE_SIZE ((u64)firmware_size)

// ---- hart.c: each hart's own state and registers.

struct hart {
    u32 state; // enum hsm_state; written with the atomics of sbi_hsm.c
    u32 events; // enum event; what others ask of this hart
    // Hart start: set by the one who starts it, `start` last.
    u32 start;
    u64 start_address, start_opaque;
    // What this hart has; found out at boot.
    bool has_cycle, has_time, has_instret, has_stimecmp, has_hypervisor, has_double, has_inhibit;
    struct pmu_counter {
        u32 event; // 0: none
        bool started;
        u64 value; // of a firmware counter
    } counters[PMU_COUNTERS];
};

extern struct hart harts[MAX_HARTS];

static inline u64 hart_id(void)
{
    return csr_read(mhartid);
}
static inline struct hart *this_hart(void)
{
    return &harts[hart_id()];
}

void hart_prepare(void);
void hart_enter_supervisor(u64 address, u64 opaque) __attribute__((noreturn));
void hart_resume_supervisor(u64 address, u64 opaque) __attribute__((noreturn));
void enter_supervisor(u64 pc, u64 a0, u64 a1, u64 mstatus) __attribute__((noreturn));

// ---- next.c: what runs after the firmware.

struct next_stage {
    u64 address;
    u64 preferred_hart; // all ones: any
};
struct next_stage next_stage_read(u64 info);

// ---- clint.c: timer and interrupts between harts.

void clint_interrupt(u64 hart);
void clint_clear_interrupt(void);
bool timer_exists(void);
u64 timer_now(void);
void timer_set(u64 when);
void timer_poll(void);

// ---- events.c: what harts ask of each other.

enum event {
    EVENT_IPI = 1,   // make the supervisor software interrupt pending
    EVENT_FENCE = 2, // do the fence in fence.c
    EVENT_START = 4, // look at hart->start
};
void event_send(u64 hart, enum event event);
void event_poll(void);

// ---- fence.c: remote fences.

enum fence_kind { FENCE_I, FENCE_VMA, FENCE_VMA_ASID };
struct fence {
    enum fence_kind kind;
    u64 start, size, asid;
};
void fence_all_here(void);
void fence_on(u32 hart_set, const struct fence *fence);
void fence_answer(void);

// ---- lock.c

struct lock {
    u32 taken;
};
void lock_take(struct lock *lock);
void lock_release(struct lock *lock);

// ---- uart.c, print.c: the console.

void uart_open(void);
bool uart_put(u8 byte);
int uart_get(void);
extern struct lock console_lock;
void print(const char *format, ...);

// ---- guest.c: memory with the rights of the one who called us.

struct fault {
    u64 cause, address;
};
bool guest_load(const struct frame *frame, u64 address, u8 *byte, struct fault *fault);
bool guest_store(const struct frame *frame, u64 address, u8 byte, struct fault *fault);
bool guest_fetch(const struct frame *frame, u32 *instruction, struct fault *fault);
u64 physical_load(u64 address, u8 *bytes, u64 size);
u64 physical_store(u64 address, const u8 *bytes, u64 size);
bool firmware_try_load(u64 address, u64 *value);

// ---- finisher.c: the end of the run.

enum reset_type { RESET_SHUTDOWN = 0, RESET_COLD = 1, RESET_WARM = 2 };
bool finisher_can(enum reset_type type);
void finisher_reset(enum reset_type type, bool failure);
void panic(const char *why) __attribute__((noreturn));
void panic_trap(u64 cause, u64 pc, u64 value, u64 hart) __attribute__((noreturn));
