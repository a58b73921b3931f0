// The extension for remote fences.  Those of the hypervisor extension (functions 3 to 6) are not
// implemented, which the specification allows.

#include "firmware.h"

enum { REMOTE_FENCE_I, REMOTE_SFENCE_VMA, REMOTE_SFENCE_VMA_ASID };

struct sbiret sbi_rfence(u64 function, const u64 *argument)
{
    struct fence fence = { .start = argument[2], .size = argument[3] };
    enum sbi_error error;
    u32 set;

    switch (function) {
    case REMOTE_FENCE_I:
        fence.kind = FENCE_I;
        break;
    case REMOTE_SFENCE_VMA:
        fence.kind = FENCE_VMA;
        break;
    case REMOTE_SFENCE_VMA_ASID:
        fence.kind = FENCE_VMA_ASID;
        fence.asid = argument[4];
        break;
    default:
        return sbi_error(SBI_ERR_NOT_SUPPORTED);
    }
    error = sbi_hart_set(argument[0], argument[1], &set);
    if (error != SBI_SUCCESS)
        return sbi_error(error);
    // A range may end at the end of the address space, but not behind it.
    if (fence.kind != FENCE_I && fence.size != ~0UL && fence.size > 0
        && fence.start + (fence.size - 1) < fence.start)
        return sbi_error(SBI_ERR_INVALID_ADDRESS);
    // A stopped hart fences when it starts.
    fence_on(set & hsm_available(), &fence);
    return sbi_value(0);
}
