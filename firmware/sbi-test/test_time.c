// The timer.

#include "check.h"

static bool pending(void)
{
    return (csr_read(sip) & STI) != 0;
}

static bool wait_pending(u64 ticks)
{
    u64 since = now();

    while (!pending() && now() - since < ticks)
        ;
    return pending();
}

void test_time(void)
{
    struct hart *hart = this_hart();
    u64 when;

    csr_write(sie, 0);
    check_error(SBI(TIME, 0, ~0UL), SUCCESS, "set_timer to never");
    check(!pending(), "then nothing is pending");
    check_error(SBI(TIME, 0, 0), SUCCESS, "set_timer to the past");
    check(wait_pending(100 * MILLISECOND), "then the interrupt is pending");
    set_timer(~0UL);
    check(!pending(), "set_timer clears it");
    when = now() + 10 * MILLISECOND;
    set_timer(when);
    check(!pending() || now() >= when, "it does not come early");
    check(wait_pending(1000 * MILLISECOND) && now() >= when, "it comes in time");
    set_timer(~0UL);

    hart->timer_interrupts = 0;
    csr_set(sie, STI);
    csr_set(sstatus, SSTATUS_SIE);
    set_timer(now() + MILLISECOND);
    check(wait_until(&hart->timer_interrupts, 1), "it interrupts");
    set_timer(now() + MILLISECOND);
    csr_set(sie, STI);
    while (hart->timer_interrupts < 2)
        __asm__ volatile("wfi");
    check_equal(hart->timer_interrupts, 2, "it ends wfi");
    csr_clear(sstatus, SSTATUS_SIE);
    set_timer(~0UL);
    check_equal(csr_read(sie) & STI, 0, "nobody else turned the interrupt on");
}
