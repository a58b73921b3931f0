// Instructions that the hart does not know: reading `time`, where it is only a device's register.

#include "firmware.h"

enum { SYSTEM = 0x73, CSR_TIME = 0xc01, TIME_BIT = 1 };

// False: *exception is what S-mode shall get.
bool emulate_illegal(struct frame *frame, struct exception *exception)
{
    struct fault fault;
    u32 instruction;
    u32 operation, source, destination;

    if (!guest_fetch(frame, &instruction, &fault)) {
        exception->cause = fault.cause;
        exception->value = fault.address;
        return false;
    }
    operation = instruction >> 12 & 7;
    source = instruction >> 15 & 31;
    destination = instruction >> 7 & 31;
    if ((instruction & 0x7f) != SYSTEM || instruction >> 20 != CSR_TIME)
        return false;
    // Only csrrs and csrrc, with a register or a number that is 0, do not write.
    if ((operation & 3) < 2 || source != 0)
        return false;
    if (this_hart()->has_time || platform.mtime == 0 || (frame->mstatus & MSTATUS_MPV) != 0)
        return false;
    // U-mode may read it if S-mode says so.
    if (came_from(frame) == USER && (csr_read(scounteren) >> TIME_BIT & 1) == 0)
        return false;
    if (destination != ZERO)
        frame->x[destination] = timer_now();
    frame->mepc += 4;
    return true;
}
