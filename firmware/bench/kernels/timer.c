// Timer interrupts: each is asked for at once and waited for, with some work in between.
// modes: m sv39

#include "../bench.h"

const char kernel_name[] = "timer";
const u64 memory_needed = 0;

static volatile u64 interrupts;

static void trap(struct frame *frame, u64 cause, u64 value)
{
    if (!(cause & INTERRUPT)) {
        print_hex(frame->pc);
        print_hex(value);
        fail(" is not a timer interrupt");
    }
    set_timer(~0UL);
    interrupts++;
}

u64 kernel(void)
{
    u64 rounds = scaled(300000, 100), sum = 1, early = 0;
    on_trap = trap;
    set_timer(~0UL);
    allow_timer_interrupts();
    for (u64 round = 0; round < rounds; round++) {
        for (int i = 0; i < 16; i++)
            next_random(&sum);
        early += interrupts != round;
        set_timer(read_csr(time));
        while (interrupts == round)
            ;
    }
    check(interrupts == rounds && !early, "interrupts came that nobody asked for");
    return sum;
}
