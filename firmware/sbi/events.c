// What harts ask of each other: a bit in the other's `events`, and its machine software interrupt.
//
// The firmware runs with interrupts off.  Whoever waits in it for another hart must look here now and
// then (`event_poll`): the other may be waiting for an answer in turn.

#include "firmware.h"

void event_send(u64 hart, enum event event)
{
    __atomic_fetch_or(&harts[hart].events, event, __ATOMIC_SEQ_CST);
    clint_interrupt(hart);
}

void event_poll(void)
{
    u32 events;

    if ((csr_read(mip) & INTERRUPT_MSI) == 0)
        return;
    // First the interrupt, then the bits: what comes in between interrupts again.
    clint_clear_interrupt();
    events = __atomic_exchange_n(&this_hart()->events, 0, __ATOMIC_SEQ_CST);
    if (events & EVENT_IPI) {
        csr_set(mip, INTERRUPT_SSI);
        pmu_count(PMU_IPI_RECEIVED);
    }
    if (events & EVENT_FENCE)
        fence_answer();
}
