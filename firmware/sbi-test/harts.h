// The harts of the test, and what happens to them.
#pragma once

#define MAX_HARTS 8
#define HART_SIZE 16384
// Offsets in struct hart.
#define HART_RESUME 0
#define HART_ENTRY 8 // five registers

#ifndef __ASSEMBLER__

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long i64;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

struct exception {
    u64 cause, value, pc, status;
};

struct hart {
    u64 resume_sp;
    // What a hart found when it was started or resumed.
    volatile u64 entry_a0, entry_a1, entry_satp, entry_status, entry_pending; // the last: sip
    u64 id;
    bool is_there;
    // What it shall do, and whether it has.
    void (*volatile command)(struct hart *);
    volatile u64 argument, result;
    // What happened to it.
    volatile u64 software_interrupts, timer_interrupts, exceptions;
    struct exception last;
    volatile bool expecting; // exceptions are welcome
};

union hart_and_stack {
    struct hart hart;
    u8 bytes[HART_SIZE];
};
// The first is the boot hart, whatever its id.
extern union hart_and_stack harts[MAX_HARTS];
extern u64 hart_count;

static inline struct hart *hart(u64 index)
{
    return &harts[index].hart;
}
static inline struct hart *this_hart(void)
{
    struct hart *hart;
    __asm__ volatile("mv %0, tp" : "=r"(hart));
    return hart;
}

// start.S
void started(void);
struct pair {
    i64 error;
    u64 resumed;
};
struct pair run_suspended(u64 extension, u64 function, u64 type);
void call_with_patterns(const u64 *arguments, u64 *results);
void run_as_user(void (*function)(void));

// harts.c
void find_harts(u64 boot_id);
bool start_hart(struct hart *hart);
bool stop_hart(struct hart *hart);
void give(struct hart *hart, void (*command)(struct hart *));
bool wait_for(struct hart *hart);
bool wait_until(volatile u64 *word, u64 value);
bool wait_for_state(struct hart *hart, u64 state);

// The time, in ticks of 10 MHz on the boards that we know.
enum { MILLISECOND = 10000 };
static inline u64 now(void)
{
    u64 time;
    __asm__ volatile("rdtime %0" : "=r"(time));
    return time;
}
static inline void relax(void)
{
    __asm__ volatile(".word 0x0100000f" : : : "memory"); // pause
}

#define csr_read(csr) ({ u64 v_; __asm__ volatile("csrr %0, " #csr : "=r"(v_) : : "memory"); v_; })
#define csr_write(csr, v) __asm__ volatile("csrw " #csr ", %0" : : "rK"((u64)(v)) : "memory")
#define csr_set(csr, v) __asm__ volatile("csrs " #csr ", %0" : : "rK"((u64)(v)) : "memory")
#define csr_clear(csr, v) __asm__ volatile("csrc " #csr ", %0" : : "rK"((u64)(v)) : "memory")

enum { SSTATUS_SIE = 1 << 1, SSTATUS_SPIE = 1 << 5, SSTATUS_SPP = 1 << 8 };
#define SSTATUS_FS (3UL << 13)
#define SSTATUS_SUM (1UL << 18)
enum { SSI = 1 << 1, STI = 1 << 5 };

#endif
