// Instructions that the hart does not know: reading `cycle` and `instret`, where only M-mode's mcycle and
// minstret are there, and `time`, where it is only a device's register.

#include "firmware.h"

enum { SYSTEM = 0x73 };
enum { CSR_CYCLE = 0xc00, CSR_TIME = 0xc01, CSR_INSTRET = 0xc02 };

// False: the hart reads this counter itself (then the trap has another reason), or there is none.
static bool read_counter(u32 number, u64 *value)
{
    struct hart *hart = this_hart();

    switch (number) {
    case CSR_CYCLE:
        if (hart->has_cycle)
            return false;
        *value = csr_read(mcycle);
        return true;
    case CSR_TIME:
        if (hart->has_time || platform.mtime == 0)
            return false;
        *value = timer_now();
        return true;
    case CSR_INSTRET:
        if (hart->has_instret)
            return false;
        *value = csr_read(minstret);
        return true;
    default:
        return false;
    }
}

// False: *exception is what S-mode shall get.
bool emulate_illegal(struct frame *frame, struct exception *exception)
{
    struct fault fault;
    u32 instruction;
    u32 number, operation, source, destination;
    u64 value;

    if (!guest_fetch(frame, &instruction, &fault)) {
        exception->cause = fault.cause;
        exception->value = fault.address;
        return false;
    }
    number = instruction >> 20;
    operation = instruction >> 12 & 7;
    source = instruction >> 15 & 31;
    destination = instruction >> 7 & 31;
    if ((instruction & 0x7f) != SYSTEM)
        return false;
    // Only csrrs and csrrc, with a register or a number that is 0, do not write.
    if ((operation & 3) < 2 || source != 0)
        return false;
    if ((frame->mstatus & MSTATUS_MPV) != 0 || !read_counter(number, &value))
        return false;
    // U-mode may read it if S-mode says so.
    if (came_from(frame) == USER && (csr_read(scounteren) >> (number - CSR_CYCLE) & 1) == 0)
        return false;
    if (destination != ZERO)
        frame->x[destination] = value;
    frame->mepc += 4;
    return true;
}
