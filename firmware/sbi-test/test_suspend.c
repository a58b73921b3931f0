// Hart suspend and system suspend.

#include "check.h"

#define RETENTIVE 0
#define NON_RETENTIVE 0x80000000

static void allow_wake(void)
{
    csr_clear(sstatus, SSTATUS_SIE);
    csr_write(sie, SSI | STI);
}

static void suspend_retentive(struct hart *hart)
{
    allow_wake();
    csr_write(sscratch, 0x1234);
    hart->result = SBI(HSM, 3, RETENTIVE).error;
    hart->result |= csr_read(sscratch) != 0x1234;
    csr_clear(sip, SSI);
    csr_write(sie, 0);
}

static void suspend_non_retentive(struct hart *hart)
{
    struct pair pair;

    allow_wake();
    hart->entry_a0 = ~0UL;
    hart->entry_pending = 0;
    pair = run_suspended(HSM, 3, NON_RETENTIVE);
    hart->result = pair.resumed == 1 ? 0 : pair.error;
    csr_clear(sip, SSI);
    csr_write(sie, 0);
}

static void check_resumed(struct hart *hart, const char *what)
{
    check_equal(hart->entry_a0, hart->id, "%s: a0 is the hart's id", what);
    check_equal(hart->entry_a1, (u64)hart, "%s: a1 is what was asked for", what);
    check_equal(hart->entry_satp, 0, "%s: satp is 0", what);
    check_equal(hart->entry_status & SSTATUS_SIE, 0, "%s: sstatus.SIE is 0", what);
}

// What woke the hart waits to be taken: the sender of an IPI does not send it again.
static void check_pending(struct hart *hart, u64 interrupt, const char *what)
{
    check((hart->entry_pending & interrupt) != 0, "%s is still pending", what);
}

static void check_types(void)
{
    static const u64 types[] = { 1, 0x0fffffff, 0x10000000, 0x7fffffff, 0x80000001, 0x8fffffff, 0x90000000, 0xffffffff };

    for (u64 i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        check_error(SBI(HSM, 3, types[i], started, 0), INVALID_PARAM, "hart_suspend of type %x", types[i]);
    check_error(SBI(HSM, 3, NON_RETENTIVE, FIRMWARE, 0), INVALID_ADDRESS, "hart_suspend with return into the firmware");
}

// This hart, woken by the timer.
static void check_here(struct hart *self)
{
    struct pair pair;

    allow_wake();
    set_timer(now() + MILLISECOND);
    check_error(SBI(HSM, 3, RETENTIVE), SUCCESS, "hart_suspend, woken by the timer");
    check((csr_read(sip) & STI) != 0, "the timer is pending");
    set_timer(now() + MILLISECOND);
    csr_set(sie, STI);
    pair = run_suspended(HSM, 3, NON_RETENTIVE);
    set_timer(~0UL);
    check(pair.resumed == 1, "hart_suspend without retention, woken by the timer");
    check_resumed(self, "the resumed hart");
    check_pending(self, STI, "the timer");

    // An IPI that is pending wakes at once; the timer goes on meanwhile.
    allow_wake();
    set_timer(now() + 10 * MILLISECOND);
    check_error(SBI(IPI, 0, 1UL << self->id, 0), SUCCESS, "send_ipi to this hart");
    pair = run_suspended(HSM, 3, NON_RETENTIVE);
    check(pair.resumed == 1, "hart_suspend without retention, woken by an IPI");
    check_pending(self, SSI, "the IPI");
    for (u64 since = now(); (csr_read(sip) & STI) == 0 && now() - since < 100 * MILLISECOND;)
        relax();
    check((csr_read(sip) & STI) != 0, "the timer that was set before comes");
    set_timer(~0UL);
    csr_clear(sip, SSI);
    csr_write(sie, 0);
}

static void check_other(struct hart *other, void (*suspend)(struct hart *), const char *what)
{
    other->result = ~0UL;
    give(other, suspend);
    check(wait_for_state(other, SUSPENDED), "hart %d suspends (%s)", other->id, what);
    check_error(SBI(RFENCE, 1, 1UL << other->id, 0, 0, 0), SUCCESS, "a fence reaches it");
    check_error(SBI(HSM, 0, other->id, started, other), ALREADY_AVAILABLE, "it cannot be started");
    check_value(SBI(HSM, 2, other->id), SUSPENDED, "it sleeps on");
    check_error(SBI(IPI, 0, 1UL << other->id, 0), SUCCESS, "send_ipi to it");
    check(wait_for(other), "it wakes up");
    check_equal(other->result, 0, "and goes on as it should");
    check_value(SBI(HSM, 2, other->id), STARTED, "it is started");
}

static void check_system(struct hart *self)
{
    struct pair pair;

    if (!has_extension(SUSP)) {
        check_error(SBI(SUSP, 0, 0, started, 0), NOT_SUPPORTED, "system_suspend is not there");
        return;
    }
    check_error(SBI(SUSP, 0, 1, started, 0), INVALID_PARAM, "system_suspend of a reserved type");
    check_error(SBI(SUSP, 0, 0x80000000, started, 0), INVALID_PARAM, "system_suspend of a platform's type");
    check_error(SBI(SUSP, 0, 0, FIRMWARE, 0), INVALID_ADDRESS, "system_suspend with return into the firmware");
    if (hart_count > 1)
        check_error(SBI(SUSP, 0, 0, started, 0), DENIED, "system_suspend while another hart runs");
    for (u64 i = 1; i < hart_count; i++)
        check(stop_hart(hart(i)), "hart %d stops", hart(i)->id);
    allow_wake();
    set_timer(now() + MILLISECOND);
    pair = run_suspended(SUSP, 0, 0);
    set_timer(~0UL);
    check(pair.resumed == 1, "system_suspend, woken by the timer");
    check_resumed(self, "the resumed system");
    check_pending(self, STI, "the timer");
    csr_write(sie, 0);
}

void test_suspend(void)
{
    check_types();
    check_here(this_hart());
    for (u64 i = 1; i < hart_count; i++) {
        check_other(hart(i), suspend_retentive, "retentive");
        check_other(hart(i), suspend_non_retentive, "non-retentive");
        check_resumed(hart(i), "the resumed hart");
        check_pending(hart(i), SSI, "the IPI");
    }
    check_system(this_hart());
    for (u64 i = 1; i < hart_count; i++)
        if (SBI(HSM, 2, hart(i)->id).value != STOPPED)
            check(stop_hart(hart(i)), "hart %d stops", hart(i)->id);
}
