// The state of the program that trapped, as entry.S saves it, and what can be done about it.
#pragma once

#include "csr.h"
#include "layout.h"
#include "types.h"

struct frame {
    u64 x[32]; // x[0] is 0
    u64 mepc, mstatus;
};
_Static_assert(sizeof(struct frame) == FRAME_SIZE, "entry.S counts on it");
_Static_assert(__builtin_offsetof(struct frame, mepc) == FRAME_MEPC, "entry.S counts on it");
_Static_assert(__builtin_offsetof(struct frame, mstatus) == FRAME_MSTATUS, "entry.S counts on it");

enum { ZERO = 0, RA = 1, SP = 2, A0 = 10, A1 = 11, A2 = 12, A3 = 13, A4 = 14, A5 = 15, A6 = 16, A7 = 17 };

static inline enum privilege came_from(const struct frame *frame)
{
    return (frame->mstatus & MSTATUS_MPP) >> MSTATUS_MPP_SHIFT;
}

// An exception as the hardware reports it.
struct exception {
    u64 cause, value, value2, instruction;
    bool guest_address; // `value` is an address of a virtual machine
};

void trap(struct frame *frame);
void redirect(struct frame *frame, const struct exception *exception);
bool emulate_misaligned(struct frame *frame, struct exception *exception);
bool emulate_illegal(struct frame *frame, struct exception *exception);
