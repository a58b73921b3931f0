// Every trap that comes to M-mode from below.

#include "firmware.h"

// Gives an exception to S-mode, as the hardware does it for one that is delegated.
static void to_supervisor(struct frame *frame, const struct exception *exception)
{
    u64 status = frame->mstatus & ~(MSTATUS_SPP | MSTATUS_SPIE | MSTATUS_SIE | MSTATUS_MPP | MSTATUS_MPV);

    if (came_from(frame) == SUPERVISOR)
        status |= MSTATUS_SPP;
    if (frame->mstatus & MSTATUS_SIE)
        status |= MSTATUS_SPIE;
    if (this_hart()->has_hypervisor) {
        bool virtual = (frame->mstatus & MSTATUS_MPV) != 0;
        u64 hstatus = csr_read(HSTATUS) & ~(HSTATUS_GVA | HSTATUS_SPV);

        if (virtual) {
            hstatus = (hstatus & ~HSTATUS_SPVP) | HSTATUS_SPV;
            if (came_from(frame) == SUPERVISOR)
                hstatus |= HSTATUS_SPVP;
        }
        if (exception->guest_address)
            hstatus |= HSTATUS_GVA;
        csr_write(HSTATUS, hstatus);
        csr_write(HTVAL, exception->value2);
        csr_write(HTINST, exception->instruction);
    }
    csr_write(sepc, frame->mepc);
    csr_write(scause, exception->cause);
    csr_write(stval, exception->value);
    frame->mstatus = status | (u64)SUPERVISOR << MSTATUS_MPP_SHIFT;
    frame->mepc = csr_read(stvec) & ~3UL;
}

// The same into a virtual machine, for what S-mode delegates further.
static void to_virtual_supervisor(struct frame *frame, const struct exception *exception)
{
    u64 old = csr_read(VSSTATUS);
    u64 status = old & ~(MSTATUS_SPP | MSTATUS_SPIE | MSTATUS_SIE);

    if (came_from(frame) == SUPERVISOR)
        status |= MSTATUS_SPP;
    if (old & MSTATUS_SIE)
        status |= MSTATUS_SPIE;
    csr_write(VSSTATUS, status);
    csr_write(VSEPC, frame->mepc);
    csr_write(VSCAUSE, exception->cause);
    csr_write(VSTVAL, exception->value);
    frame->mstatus = (frame->mstatus & ~MSTATUS_MPP) | (u64)SUPERVISOR << MSTATUS_MPP_SHIFT;
    frame->mepc = csr_read(VSTVEC) & ~3UL;
}

void redirect(struct frame *frame, const struct exception *exception)
{
    if ((frame->mstatus & MSTATUS_MPV) != 0 && this_hart()->has_hypervisor
        && (csr_read(HEDELEG) >> exception->cause & 1) != 0)
        to_virtual_supervisor(frame, exception);
    else
        to_supervisor(frame, exception);
}

static void interrupt(u64 cause)
{
    u64 bit = BIT(cause);

    if (bit == INTERRUPT_MSI)
        event_poll();
    else if (bit == INTERRUPT_MTI)
        timer_poll();
    else
        csr_clear(mie, bit); // nothing of ours: we want no others
}

void trap(struct frame *frame)
{
    u64 cause = csr_read(mcause);
    struct exception exception = { .cause = cause, .value = csr_read(mtval) };

    if ((cause & CAUSE_INTERRUPT) != 0) {
        interrupt(cause & 63);
        return;
    }
    if (this_hart()->has_hypervisor) {
        exception.value2 = csr_read(MTVAL2);
        exception.instruction = csr_read(MTINST);
        exception.guest_address = (frame->mstatus & MSTATUS_GVA) != 0;
    }
    switch (cause) {
    case ECALL_FROM_SUPERVISOR:
        sbi_call(frame);
        return;
    case LOAD_MISALIGNED:
    case STORE_MISALIGNED:
        if (!emulate_misaligned(frame, &exception))
            redirect(frame, &exception);
        return;
    case ILLEGAL_INSTRUCTION:
        if (!emulate_illegal(frame, &exception))
            redirect(frame, &exception);
        return;
    default:
        redirect(frame, &exception);
        return;
    }
}
