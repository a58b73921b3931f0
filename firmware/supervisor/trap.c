// Every trap that comes to the kernel: system calls, page faults and other exceptions, interrupts.

#include "csr.h"
#include "task.h"

extern u8 user_access_start[], user_access_end[], user_access_fault[];

static enum access access_of(u64 cause)
{
    return cause == FETCH_PAGE ? ACCESS_FETCH : cause == STORE_PAGE ? ACCESS_STORE : ACCESS_LOAD;
}

enum { SEGV_MAPERR = 1, SEGV_ACCERR = 2, BUS_ADRALN = 1, BUS_ADRERR = 2, ILL_ILLOPC = 1, TRAP_BRKPT = 1 };

// Who needs memory when there is none dies; the others go on with what it had.
static void out_of_memory(u64 address)
{
    kill_current(SIGKILL, swap_slots == 0 ? "out of memory, and there is no swap" : "out of memory and swap", address);
}

static void user_page_fault(u64 cause, u64 address)
{
    enum access access = access_of(cause);

    switch (page_fault(current->process->space, address, access)) {
    case FAULT_DONE:
        return;
    case FAULT_NO_AREA:
        signal_fault(SIGSEGV, SEGV_MAPERR, address, "nothing is mapped there");
        return;
    case FAULT_NO_RIGHT:
        signal_fault(SIGSEGV, SEGV_ACCERR, address,
                     access == ACCESS_STORE ? "the page may not be written"
                     : access == ACCESS_LOAD ? "the page may not be read" : "the page may not be executed");
        return;
    case FAULT_NO_FILE:
        signal_fault(SIGBUS, BUS_ADRERR, address, "the file has no such page");
        return;
    case FAULT_NO_SWAP:
        signal_fault(SIGBUS, BUS_ADRERR, address, "the page cannot be read from the swap disk");
        return;
    case FAULT_NO_MEMORY:
        out_of_memory(address);
        return;
    }
}

static void exception(struct registers *registers, u64 cause)
{
    u64 address = csr_read(stval), pc = registers->x[0];

    switch (cause) {
    case ECALL_FROM_USER:
        system_call(registers);
        return;
    case FETCH_PAGE:
    case LOAD_PAGE:
    case STORE_PAGE:
        user_page_fault(cause, address);
        return;
    case ILLEGAL_INSTRUCTION:
        signal_fault(SIGILL, ILL_ILLOPC, pc, "an illegal instruction");
        return;
    case BREAKPOINT:
        signal_fault(SIGTRAP, TRAP_BRKPT, pc, "a breakpoint");
        return;
    case FETCH_MISALIGNED:
    case LOAD_MISALIGNED:
    case STORE_MISALIGNED:
        signal_fault(SIGBUS, BUS_ADRALN, address, "a misaligned address");
        return;
    default:
        signal_fault(SIGBUS, BUS_ADRERR, address, "an access fault");
        return;
    }
}

static void interrupt(u64 number)
{
    if (number == INTERRUPT_TIMER)
        timer_interrupt();
    else if (number == INTERRUPT_EXTERNAL)
        external_interrupt();
}

void trap_from_user(struct registers *registers)
{
    u64 cause = csr_read(scause), now = time_now();

    current->process->user_time += now - current->since;
    current->since = now;
    used_alarms(current->process);
    if ((cause & CAUSE_INTERRUPT) != 0)
        interrupt(cause & 63);
    else
        exception(registers, cause);
    signals_deliver(registers);
    now = time_now();
    current->process->system_time += now - current->since;
    current->since = now;
}

// The kernel itself only ever faults where it touches a process's memory.
void trap_from_kernel(struct registers *registers)
{
    u64 cause = csr_read(scause), pc = registers->x[0], address = csr_read(stval);

    if (pc < (u64)user_access_start || pc >= (u64)user_access_end
        || (cause != LOAD_PAGE && cause != STORE_PAGE))
        panic("trap in the kernel: cause 0x%x, pc 0x%x, stval 0x%x, ra 0x%x", cause, pc, address,
              registers->x[RA]);
    if (current != NULL) {
        enum fault result = page_fault(current->process->space, address, access_of(cause));
        if (result == FAULT_DONE)
            return;
        if (result == FAULT_NO_MEMORY)
            out_of_memory(address);
    }
    registers->x[0] = (u64)user_access_fault;
    registers->status &= ~SSTATUS_SUM;
}
