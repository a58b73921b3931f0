// Memory with the rights of the one who called us.  With mstatus.MPRV set, loads and stores of M-mode
// are translated and protected as in the mode that MPP names: so page tables and PMP decide, not
// we, and what S-mode could not reach itself it cannot reach through us.

#include "firmware.h"

// One access under `status`.  On a trap gives its cause in *fault.
#define ACCESS(instruction, status, where, operand) ({ \
    u64 trapped_, vector_, saved_; \
    asm volatile("csrrw %[saved], mstatus, %[new]\n" \
                 TRY(instruction) \
                 "csrw mstatus, %[saved]\n" \
                 : [trapped] "=&r"(trapped_), [vector] "=&r"(vector_), [saved] "=&r"(saved_), \
                   [value] "+&r"(operand) \
                 : [new] "r"(status), [at] "r"(where) : "memory"); \
    trapped_ != 0; })

static u64 status_of(const struct frame *frame)
{
    return (frame->mstatus & ~MSTATUS_MIE) | MSTATUS_MPRV;
}

static void read_fault(struct fault *fault)
{
    fault->cause = csr_read(mcause);
    fault->address = csr_read(mtval);
}

bool guest_load(const struct frame *frame, u64 address, u8 *byte, struct fault *fault)
{
    u64 value = 0;

    if (ACCESS("lbu %[value], 0(%[at])", status_of(frame), address, value)) {
        read_fault(fault);
        return false;
    }
    *byte = value;
    return true;
}

bool guest_store(const struct frame *frame, u64 address, u8 byte, struct fault *fault)
{
    u64 value = byte;

    if (ACCESS("sb %[value], 0(%[at])", status_of(frame), address, value)) {
        read_fault(fault);
        return false;
    }
    return true;
}

// Reads the instruction that trapped.  MXR, for pages that can only be executed.  If it cannot be read
// (someone has just taken the page away), the fault is that of a fetch.
bool guest_fetch(const struct frame *frame, u32 *instruction, struct fault *fault)
{
    u64 status = status_of(frame) | MSTATUS_MXR, half = 0, address = frame->mepc;

    *instruction = 0;
    for (u32 shift = 0; shift < 32; shift += 16, address += 2) {
        if (ACCESS("lhu %[value], 0(%[at])", status, address, half)) {
            read_fault(fault);
            fault->cause = fault->cause == LOAD_ACCESS ? FETCH_ACCESS
                : fault->cause == LOAD_GUEST_PAGE ? FETCH_GUEST_PAGE : FETCH_PAGE;
            return false;
        }
        *instruction |= half << shift;
        if ((*instruction & 3) != 3)
            break; // compressed: 16 bits
    }
    return true;
}

// Physical memory: the same with translation off.
static u64 physical_status(void)
{
    u64 status = csr_read(mstatus) & ~(MSTATUS_MPP | MSTATUS_MPV | MSTATUS_MIE);

    return status | (u64)SUPERVISOR << MSTATUS_MPP_SHIFT | MSTATUS_MPRV;
}

// Copies from S-mode's physical memory.  Gives how many bytes could be read.
u64 physical_load(u64 address, u8 *bytes, u64 size)
{
    u64 status = physical_status(), translation = csr_read(satp), done;

    csr_write(satp, 0);
    for (done = 0; done < size; done++) {
        u64 value = 0;

        if (ACCESS("lbu %[value], 0(%[at])", status, address + done, value))
            break;
        bytes[done] = value;
    }
    csr_write(satp, translation);
    return done;
}

// Copies to S-mode's physical memory.  Gives how many bytes could be written.
u64 physical_store(u64 address, const u8 *bytes, u64 size)
{
    u64 status = physical_status(), translation = csr_read(satp), done;

    csr_write(satp, 0);
    for (done = 0; done < size; done++) {
        u64 value = bytes[done];

        if (ACCESS("sb %[value], 0(%[at])", status, address + done, value))
            break;
    }
    csr_write(satp, translation);
    return done;
}

// A load with our own rights from an address that may lead nowhere.
bool firmware_try_load(u64 address, u64 *value)
{
    u64 loaded = 0;

    if (ACCESS("ld %[value], 0(%[at])", csr_read(mstatus), address, loaded))
        return false;
    *value = loaded;
    return true;
}
