// The kernel runs in machine mode, without translation.

#include "bench.h"

const char mode_name[] = "m";

void enter_mode(void (*run)(void))
{
    run();
}

void set_timer(u64 at)
{
    *(volatile u64 *)0x2004000 = at; // mtimecmp of hart 0
}

void allow_timer_interrupts(void)
{
    set_csr(mie, 1UL << 7);     // MTIE
    set_csr(mstatus, 1UL << 3); // MIE
}
