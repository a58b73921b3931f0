// cycle, time and instret, from S-mode and from U-mode.

#include "check.h"

enum { ILLEGAL = 2 };

static u64 got;
static void read_time(void) { __asm__ volatile("csrr %0, 0xc01" : "=r"(got)); }
static void read_time_immediate(void) { __asm__ volatile("csrrci %0, 0xc01, 0" : "=r"(got)); }
static void read_cycle(void) { __asm__ volatile("csrr %0, 0xc00" : "=r"(got)); }
static void read_instret(void) { __asm__ volatile("csrr %0, 0xc02" : "=r"(got)); }

static void check_moves(void (*read)(void), const char *what)
{
    u64 first;

    for (int user = 0; user < 2; user++) {
        u64 since = now();

        if (user)
            run_as_user(read);
        else
            read();
        first = got;
        while (now() - since < MILLISECOND)
            ;
        if (user)
            run_as_user(read);
        else
            read();
        check(got > first, "%s goes on in %s", what, user ? "U-mode" : "S-mode");
    }
}

void test_counters(void)
{
    struct hart *hart = this_hart();

    csr_write(scounteren, 7);
    check_moves(read_time, "time");
    check_moves(read_time_immediate, "time, read with csrrci,");
    check_moves(read_cycle, "cycle");
    check_moves(read_instret, "instret");
    csr_write(scounteren, 0);
    hart->expecting = true;
    hart->exceptions = 0;
    run_as_user(read_time);
    hart->expecting = false;
    check(hart->exceptions == 1 && hart->last.cause == ILLEGAL, "time is closed to U-mode if S-mode says so");
    check_equal(hart->last.status & SSTATUS_SPP, 0, "that exception comes from U-mode");
    csr_write(scounteren, 7);
}
