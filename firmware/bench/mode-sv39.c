// The kernel runs in supervisor mode, in page tables of its own.

#include "bench.h"

const char mode_name[] = "sv39";

void supervisor_trap(void);
__attribute__((noreturn)) void to_supervisor(void (*function)(void));

static void (*run_kernel)(void);

static void supervisor(void)
{
    write_csr(stvec, (u64)supervisor_trap);
    write_csr(sscratch, 0UL);
    write_csr(satp, SV39 | (u64)root >> 12);
    fence_all();
    run_kernel();
}

void enter_mode(void (*run)(void))
{
    run_kernel = run;
    make_tables(memory_needed);
    // Page faults, environment calls of user mode and the supervisor's interrupts go there directly.
    write_csr(medeleg, 1UL << 12 | 1UL << 13 | 1UL << 15 | 1UL << 8);
    write_csr(mideleg, 0x222UL);
    to_supervisor(supervisor);
}

void set_timer(u64 at)
{
    register u64 a0 __asm__("a0") = at;
    __asm__ volatile("ecall" : "+r"(a0) : : "memory");
}

void allow_timer_interrupts(void)
{
    set_csr(sie, 1UL << 5);     // STIE
    set_csr(sstatus, 1UL << 1); // SIE
}
