// Hart state management.  A hart that is stopped waits here, in M-mode, for another to start it.

#include "firmware.h"

enum { HART_START, HART_STOP, HART_GET_STATUS, HART_SUSPEND };

enum { SUSPEND_RETENTIVE = 0, SUSPEND_NON_RETENTIVE = 0x80000000 };

void hsm_open(void)
{
    for (u32 hart = 0; hart < MAX_HARTS; hart++)
        harts[hart].state = HSM_STOPPED;
}

u32 hsm_state(u64 hart)
{
    return __atomic_load_n(&harts[hart].state, __ATOMIC_SEQ_CST);
}

static void set_state(enum hsm_state state)
{
    __atomic_store_n(&this_hart()->state, state, __ATOMIC_SEQ_CST);
}

// The harts that S-mode has: all but those that are stopped.
u32 hsm_available(void)
{
    u32 set = 0;

    for (u64 hart = 0; hart < MAX_HARTS; hart++)
        if (platform_has_hart(hart) && hsm_state(hart) != HSM_STOPPED)
            set |= 1u << hart;
    return set;
}

// Where S-mode may be told to go: memory that is not ours.  Instructions are never at odd addresses.
bool hsm_valid_address(u64 address)
{
    return (address & 1) == 0 && platform_is_memory(address, 2);
}

enum sbi_error hsm_start(u64 hart, u64 address, u64 opaque)
{
    u32 state = HSM_STOPPED;

    if (!platform_has_hart(hart))
        return SBI_ERR_INVALID_PARAM;
    if (!hsm_valid_address(address))
        return SBI_ERR_INVALID_ADDRESS;
    // Of two who start the same hart, one sees it stopped.
    if (!__atomic_compare_exchange_n(&harts[hart].state, &state, HSM_START_PENDING, false,
                                     __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
        return state == HSM_STOP_PENDING ? SBI_ERR_FAILED : SBI_ERR_ALREADY_AVAILABLE;
    harts[hart].start_address = address;
    harts[hart].start_opaque = opaque;
    __atomic_store_n(&harts[hart].start, 1, __ATOMIC_SEQ_CST);
    event_send(hart, EVENT_START);
    return SBI_SUCCESS;
}

void hsm_enter(u64 address, u64 opaque)
{
    set_state(HSM_STARTED);
    hart_enter_supervisor(address, opaque);
}

// A stopped hart: it waits until it is started.  mie has only the software interrupt, which wakes it.
// At boot the first hart may have started us already, before we come here.
void hsm_wait_for_start(void)
{
    struct hart *hart = this_hart();
    u64 address, opaque;

    csr_write(mie, INTERRUPT_MSI);
    while (__atomic_load_n(&hart->start, __ATOMIC_SEQ_CST) == 0) {
        wait_for_interrupt();
        event_poll();
    }
    address = hart->start_address;
    opaque = hart->start_opaque;
    __atomic_store_n(&hart->start, 0, __ATOMIC_SEQ_CST);
    hsm_enter(address, opaque);
}

static void hart_stop(void) __attribute__((noreturn));
static void hart_stop(void)
{
    struct hart *hart = this_hart();

    csr_write(mie, INTERRUPT_MSI);
    if (timer_exists())
        timer_set(~0UL);
    // From now on others may start us.
    __atomic_store_n(&hart->state, HSM_STOPPED, __ATOMIC_SEQ_CST);
    hsm_wait_for_start();
}

// Sleeps until S-mode has an interrupt, be it one that sstatus.SIE holds back.  Meanwhile this hart
// answers others.
void hsm_sleep(void)
{
    set_state(HSM_SUSPENDED);
    for (;;) {
        event_poll();
        timer_poll();
        if ((csr_read(mip) & csr_read(mie) & ~INTERRUPTS_OF_MACHINE) != 0)
            break;
        wait_for_interrupt();
    }
    set_state(HSM_STARTED);
}

static struct sbiret hart_suspend(u32 type, u64 address, u64 opaque)
{
    switch (type) {
    case SUSPEND_RETENTIVE:
        hsm_sleep();
        return sbi_value(0);
    case SUSPEND_NON_RETENTIVE:
        if (!hsm_valid_address(address))
            return sbi_error(SBI_ERR_INVALID_ADDRESS);
        hsm_sleep();
        hart_resume_supervisor(address, opaque);
    default:
        return sbi_error(SBI_ERR_INVALID_PARAM);
    }
}

struct sbiret sbi_hsm(u64 function, const u64 *argument)
{
    switch (function) {
    case HART_START:
        return sbi_error(hsm_start(argument[0], argument[1], argument[2]));
    case HART_STOP:
        hart_stop();
    case HART_GET_STATUS:
        if (!platform_has_hart(argument[0]))
            return sbi_error(SBI_ERR_INVALID_PARAM);
        return sbi_value(hsm_state(argument[0]));
    case HART_SUSPEND:
        return hart_suspend(argument[0], argument[1], argument[2]);
    default:
        return sbi_error(SBI_ERR_NOT_SUPPORTED);
    }
}
