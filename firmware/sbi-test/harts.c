// Starting, stopping and commanding the other harts.

#include "check.h"

union hart_and_stack harts[MAX_HARTS] __attribute__((aligned(16)));
u64 hart_count = 1;

// Every hart that the HSM extension knows.
void find_harts(u64 boot_id)
{
    hart(0)->id = boot_id;
    hart(0)->is_there = true;
    for (u64 id = 0; id < 64 && hart_count < MAX_HARTS; id++) {
        if (id == boot_id || SBI(HSM, 2, id).error != SUCCESS)
            continue;
        hart(hart_count++)->id = id;
    }
}

// Where a started hart arrives; it does what it is told.
void secondary_main(u64 a0, u64 satp, u64 status)
{
    struct hart *hart = this_hart();

    hart->entry_a0 = a0;
    hart->entry_a1 = (u64)hart;
    hart->entry_satp = satp;
    hart->entry_status = status;
    hart->command = NULL;
    __atomic_store_n(&hart->is_there, true, __ATOMIC_SEQ_CST);
    for (;;) {
        void (*command)(struct hart *) = __atomic_load_n(&hart->command, __ATOMIC_SEQ_CST);

        if (command != NULL) {
            command(hart);
            __atomic_store_n(&hart->command, NULL, __ATOMIC_SEQ_CST);
        }
        relax();
    }
}

enum { PATIENCE = 10000 * MILLISECOND };

#define WAIT(condition) ({ \
    u64 since_ = now(); \
    while (!(condition) && now() - since_ < PATIENCE) \
        relax(); \
    (condition); })

bool start_hart(struct hart *hart)
{
    hart->is_there = false;
    if (SBI(HSM, 0, hart->id, started, hart).error != SUCCESS)
        return false;
    return WAIT(__atomic_load_n(&hart->is_there, __ATOMIC_SEQ_CST));
}

static void stop(struct hart *hart)
{
    csr_clear(sstatus, SSTATUS_SIE);
    hart->result = SBI(HSM, 1, 0).error;
}

bool stop_hart(struct hart *hart)
{
    give(hart, stop);
    return wait_for_state(hart, STOPPED);
}

void give(struct hart *hart, void (*command)(struct hart *))
{
    __atomic_store_n(&hart->command, command, __ATOMIC_SEQ_CST);
}

// Until the hart has done what it was given.
bool wait_for(struct hart *hart)
{
    return WAIT(__atomic_load_n(&hart->command, __ATOMIC_SEQ_CST) == NULL);
}

bool wait_until(volatile u64 *word, u64 value)
{
    return WAIT(__atomic_load_n(word, __ATOMIC_SEQ_CST) == value);
}

bool wait_for_state(struct hart *hart, u64 state)
{
    return WAIT((u64)SBI(HSM, 2, hart->id).value == state);
}
