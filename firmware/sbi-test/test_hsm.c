// Hart state management: start, stop, status.

#include "check.h"

static void start_and_stop(struct hart *hart)
{
    u64 id = hart->id;

    check_value(SBI(HSM, 2, id), STOPPED, "hart %d is stopped", id);
    check_error(SBI(HSM, 0, id, FIRMWARE, 0), INVALID_ADDRESS, "hart %d is not started in the firmware", id);
    check_error(SBI(HSM, 0, id, FIRMWARE + 0x1000, 0), INVALID_ADDRESS, "nor further in it");
    check_value(SBI(HSM, 2, id), STOPPED, "hart %d is still stopped", id);
    for (int round = 0; round < 3; round++) {
        check(start_hart(hart), "hart %d starts", id);
        check_equal(hart->entry_a0, id, "a0 is the hart's id");
        check_equal(hart->entry_satp, 0, "satp is 0");
        check_equal(hart->entry_status & SSTATUS_SIE, 0, "sstatus.SIE is 0");
        check_value(SBI(HSM, 2, id), STARTED, "hart %d is started", id);
        check_error(SBI(HSM, 0, id, started, hart), ALREADY_AVAILABLE, "it cannot be started again");
        check(stop_hart(hart), "hart %d stops", id);
    }
    check(start_hart(hart), "hart %d starts again", id);
}

void test_hsm(void)
{
    u64 id = this_hart()->id;

    check_value(SBI(HSM, 2, id), STARTED, "the boot hart is started");
    check_error(SBI(HSM, 0, id, started, 0), ALREADY_AVAILABLE, "it cannot be started");
    check_error(SBI(HSM, 2, 4096), INVALID_PARAM, "hart_get_status of no hart");
    check_error(SBI(HSM, 2, ~0UL), INVALID_PARAM, "hart_get_status of hart -1");
    check_error(SBI(HSM, 0, 4096, started, 0), INVALID_PARAM, "hart_start of no hart");
    check_error(SBI(HSM, 0, ~0UL, started, 0), INVALID_PARAM, "hart_start of hart -1");
    check_error(SBI(HSM, 0, 1UL << 32 | id, started, 0), INVALID_PARAM, "hart_start of hart 2^32");
    for (u64 i = 1; i < hart_count; i++)
        start_and_stop(hart(i));
}
