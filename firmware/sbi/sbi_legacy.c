// The calls of SBI 0.1.  They return only a0.  Their hart masks stand in memory at a virtual address
// of the caller: a fault there is the caller's, at its ecall.

#include "firmware.h"

enum {
    SET_TIMER,
    CONSOLE_PUTCHAR,
    CONSOLE_GETCHAR,
    CLEAR_IPI,
    SEND_IPI,
    REMOTE_FENCE_I,
    REMOTE_SFENCE_VMA,
    REMOTE_SFENCE_VMA_ASID,
    SHUTDOWN,
};

// False: there was a fault, and S-mode has it.  No address at all means every hart.
static bool read_mask(struct frame *frame, u32 *set)
{
    u64 address = frame->x[A0], mask = 0;
    struct fault fault;
    u8 byte;

    *set = hsm_available();
    if (address == 0)
        return true;
    for (u32 i = 0; i < sizeof(mask); i++) {
        if (!guest_load(frame, address + i, &byte, &fault)) {
            struct exception exception = { .cause = fault.cause, .value = fault.address };

            redirect(frame, &exception);
            return false;
        }
        mask |= (u64)byte << 8 * i;
    }
    *set &= mask;
    return true;
}

static u64 putchar(u8 byte)
{
    lock_take(&console_lock);
    uart_put(byte);
    lock_release(&console_lock);
    return 0;
}

static u64 getchar(void)
{
    int byte;

    lock_take(&console_lock);
    byte = uart_get();
    lock_release(&console_lock);
    return (i64)byte;
}

// False if there is no such call.
bool sbi_legacy(struct frame *frame)
{
    struct fence fence = { .start = frame->x[A1], .size = frame->x[A2], .asid = frame->x[A3] };
    u64 call = frame->x[A7], result = 0;
    u32 set;

    switch (call) {
    case SET_TIMER:
        pmu_count(PMU_SET_TIMER);
        if (timer_exists())
            timer_set(frame->x[A0]);
        else
            result = (i64)SBI_ERR_NOT_SUPPORTED;
        break;
    case CONSOLE_PUTCHAR:
        result = putchar(frame->x[A0]);
        break;
    case CONSOLE_GETCHAR:
        result = getchar();
        break;
    case CLEAR_IPI:
        result = (csr_read(mip) & INTERRUPT_SSI) != 0;
        csr_clear(mip, INTERRUPT_SSI);
        break;
    case SEND_IPI:
        if (!read_mask(frame, &set))
            return true;
        ipi_send(set);
        break;
    case REMOTE_FENCE_I:
    case REMOTE_SFENCE_VMA:
    case REMOTE_SFENCE_VMA_ASID:
        if (!read_mask(frame, &set))
            return true;
        fence.kind = call == REMOTE_FENCE_I ? FENCE_I : call == REMOTE_SFENCE_VMA ? FENCE_VMA : FENCE_VMA_ASID;
        fence_on(set, &fence);
        break;
    case SHUTDOWN:
        finisher_reset(RESET_SHUTDOWN, false);
        for (;;) // it does not return, even if it fails
            wait_for_interrupt();
    default:
        return false;
    }
    frame->x[A0] = result;
    frame->mepc += 4;
    return true;
}
