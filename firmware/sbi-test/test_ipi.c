// Interrupts between harts.

#include "check.h"

static void enable(struct hart *hart)
{
    hart->software_interrupts = 0;
    csr_set(sie, SSI);
    csr_set(sstatus, SSTATUS_SIE);
}

static void disable(struct hart *hart)
{
    (void)hart;
    csr_clear(sstatus, SSTATUS_SIE);
    csr_clear(sie, SSI);
}

static void check_arrives(u64 mask, u64 base, struct hart *target, const char *what)
{
    target->software_interrupts = 0;
    check_error(SBI(IPI, 0, mask, base), SUCCESS, "send_ipi to %s %d", what, target->id);
    check(wait_until(&target->software_interrupts, 1), "it arrives");
}

// Every hart sends to every other, at the same time.
static void storm(struct hart *hart)
{
    for (int i = 0; i < 30; i++)
        hart->result += SBI(IPI, 0, 0, ~0UL).error != SUCCESS;
}

void test_ipi(void)
{
    struct hart *self = this_hart();
    bool all = true;
    u64 errors = 0, last = 0;

    for (u64 i = 1; i < hart_count; i++) {
        give(hart(i), enable);
        all &= wait_for(hart(i));
    }
    check(all, "all harts enable software interrupts");
    csr_clear(sip, SSI);
    check_error(SBI(IPI, 0, 0, 0), SUCCESS, "send_ipi to nobody");
    check_equal(csr_read(sip) & SSI, 0, "then nothing is pending");
    enable(self);
    for (u64 i = 0; i < hart_count; i++) {
        u64 id = hart(i)->id;

        check_arrives(1UL << id, 0, hart(i), "hart");
        check_arrives(1, id, hart(i), "hart, by the base,");
        if (id > last)
            last = id;
    }
    for (u64 i = 0; i < hart_count; i++)
        hart(i)->software_interrupts = 0;
    check_error(SBI(IPI, 0, 0, ~0UL), SUCCESS, "send_ipi to all");
    for (u64 i = 0; i < hart_count; i++)
        all &= wait_until(&hart(i)->software_interrupts, 1);
    check(all, "it arrives at all");
    check_error(SBI(IPI, 0, 1UL << 63, last), INVALID_PARAM, "send_ipi to no hart");
    check_error(SBI(IPI, 0, 1, 4096), INVALID_PARAM, "send_ipi to no hart, by the base");
    check_error(SBI(IPI, 0, 2, ~0UL - 1), INVALID_PARAM, "send_ipi to a hart after the last number");

    for (u64 i = 0; i < hart_count; i++)
        hart(i)->result = 0;
    for (u64 i = 1; i < hart_count; i++)
        give(hart(i), storm);
    storm(self);
    for (u64 i = 1; i < hart_count; i++)
        all &= wait_for(hart(i));
    for (u64 i = 0; i < hart_count; i++)
        errors += hart(i)->result;
    check(all && errors == 0, "all send to all, thirty times");
    disable(self);
    for (u64 i = 1; i < hart_count; i++) {
        give(hart(i), disable);
        all &= wait_for(hart(i));
    }
    check(all, "all harts are still there");
}
