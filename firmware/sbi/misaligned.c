// Misaligned loads and stores, for harts that trap on them: S-mode may count on the SBI to do them.
// Byte by byte, each with the rights of the program.  Misaligned atomics stay exceptions.

#include "firmware.h"

extern u64 float_read_single(u64 number), float_read_double(u64 number);
extern void float_write_single(u64 number, u64 value), float_write_double(u64 number, u64 value);

struct access {
    bool store, is_float, is_signed;
    u32 size; // in bytes
    u32 number; // of the register
};

// Loads and stores of 32 bits: the opcode says what, funct3 how wide.
static bool decode_standard(u32 instruction, struct access *access)
{
    u32 width = instruction >> 12 & 7;

    switch (instruction & 0x7f) {
    case 0x03: // LOAD: bit 2 of funct3 is "unsigned"
        *access = (struct access){ .size = 1 << (width & 3), .is_signed = width < 4, .number = instruction >> 7 & 31 };
        return width != 7;
    case 0x07: // LOAD-FP
        *access = (struct access){ .size = 1 << width, .is_float = true, .number = instruction >> 7 & 31 };
        return width >= 1 && width <= 3;
    case 0x23: // STORE
        *access = (struct access){ .size = 1 << (width & 3), .store = true, .number = instruction >> 20 & 31 };
        return width <= 3;
    case 0x27: // STORE-FP
        *access = (struct access){ .size = 1 << width, .store = true, .is_float = true, .number = instruction >> 20 & 31 };
        return width >= 1 && width <= 3;
    default:
        return false;
    }
}

// Compressed ones: quadrant 0 has three-bit registers (x8 to x15), quadrant 2 the forms with sp.
static bool decode_compressed(u32 instruction, struct access *access)
{
    u32 quadrant = instruction & 3, kind = instruction >> 13 & 7;
    u32 small = 8 + (instruction >> 2 & 7), destination = instruction >> 7 & 31, source = instruction >> 2 & 31;

    *access = (struct access){ .store = kind >= 5 };
    if (quadrant == 0 && kind == 4) {
        // Zcb: c.lhu and c.lh (told apart by bit 6), c.sh.
        u32 which = instruction >> 10 & 7;

        *access = (struct access){ .size = 2, .number = small, .store = which == 3,
                                   .is_signed = (instruction >> 6 & 1) != 0 };
        return which == 1 || which == 3;
    }
    switch (kind) {
    case 1: // c.fld
    case 5: // c.fsd
        access->is_float = true;
        access->size = 8;
        break;
    case 2: // c.lw
    case 6: // c.sw
        access->is_signed = true;
        access->size = 4;
        break;
    case 3: // c.ld
    case 7: // c.sd
        access->size = 8;
        break;
    default:
        return false;
    }
    if (quadrant == 0)
        access->number = small;
    else
        access->number = access->store ? source : destination;
    return quadrant == 0 || quadrant == 2;
}

static u64 sign_extend(u64 value, u32 size)
{
    u32 shift = 64 - 8 * size;

    return (u64)((i64)(value << shift) >> shift);
}

static u64 read_register(const struct frame *frame, const struct access *access)
{
    if (!access->is_float)
        return frame->x[access->number];
    return access->size == 8 ? float_read_double(access->number) : float_read_single(access->number);
}

static void write_register(struct frame *frame, const struct access *access, u64 value)
{
    if (!access->is_float) {
        if (access->is_signed)
            value = sign_extend(value, access->size);
        if (access->number != ZERO)
            frame->x[access->number] = value;
        return;
    }
    // A value that is narrower than the register has all ones above it.
    if (access->size == 8)
        float_write_double(access->number, value);
    else if (access->size == 4)
        float_write_single(access->number, value);
    else if (this_hart()->has_double)
        float_write_double(access->number, value | ~0xffffUL);
    else
        float_write_single(access->number, value | 0xffff0000UL);
    frame->mstatus |= MSTATUS_FS_DIRTY;
    if (frame->mstatus & MSTATUS_MPV)
        csr_set(VSSTATUS, MSTATUS_FS_DIRTY);
}

// False: *exception is what S-mode shall get.  It is changed if the access faults for another reason.
bool emulate_misaligned(struct frame *frame, struct exception *exception)
{
    struct access access;
    struct fault fault;
    u32 instruction;
    u64 value = 0, address = exception->value;

    if (!guest_fetch(frame, &instruction, &fault))
        goto faulted;
    if ((instruction & 3) == 3 ? !decode_standard(instruction, &access) : !decode_compressed(instruction, &access))
        return false;
    if (access.store != (exception->cause == STORE_MISALIGNED))
        return false;

    pmu_count(access.store ? PMU_MISALIGNED_STORE : PMU_MISALIGNED_LOAD);
    if (access.store)
        value = read_register(frame, &access);
    for (u32 i = 0; i < access.size; i++) {
        u8 byte = value >> 8 * i;

        if (access.store ? !guest_store(frame, address + i, byte, &fault)
                         : !guest_load(frame, address + i, &byte, &fault))
            goto faulted;
        if (!access.store)
            value |= (u64)byte << 8 * i;
    }
    if (!access.store)
        write_register(frame, &access, value);
    frame->mepc += (instruction & 3) == 3 ? 4 : 2;
    return true;

faulted:
    exception->cause = fault.cause;
    exception->value = fault.address;
    exception->instruction = 0;
    if (this_hart()->has_hypervisor)
        exception->value2 = csr_read(MTVAL2);
    return false;
}
