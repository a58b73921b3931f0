// Interrupts are counted and ended.  Exceptions are noted, and the instruction is passed over.

#include "check.h"

enum { FETCH_ACCESS = 1, ECALL_FROM_USER = 8, FETCH_PAGE = 12 };
enum { RA = 1 };

struct frame {
    u64 x[32], pc, status;
};

void on_trap(struct frame *frame)
{
    struct hart *hart = this_hart();
    u64 cause = csr_read(scause);

    if (cause >> 63 != 0) {
        if (cause << 1 >> 1 == 1) {
            hart->software_interrupts++;
            csr_clear(sip, SSI);
        } else if (cause << 1 >> 1 == 5) {
            hart->timer_interrupts++;
            csr_clear(sie, STI);
        } else {
            give_up("an interrupt that nobody asked for");
        }
        return;
    }
    if (cause == ECALL_FROM_USER) {
        // The end of run_as_user: on in S-mode.
        frame->status |= SSTATUS_SPP;
        frame->pc += 4;
        return;
    }
    hart->exceptions++;
    hart->last = (struct exception){ cause, csr_read(stval), frame->pc, frame->status };
    if (!hart->expecting) {
        say("hart %d: exception %d, stval %x, sepc %x\n", hart->id, cause, csr_read(stval), frame->pc);
        give_up("an exception that nobody asked for");
    }
    if (cause == FETCH_ACCESS || cause == FETCH_PAGE)
        frame->pc = frame->x[RA];
    else
        frame->pc += (*(u16 *)frame->pc & 3) == 3 ? 4 : 2;
}
