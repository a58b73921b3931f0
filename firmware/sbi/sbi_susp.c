// System suspend.  This board has no deeper sleep than a hart that waits: "suspend to RAM" is the
// last hart's sleep, which any interrupt ends that S-mode has left enabled.

#include "firmware.h"

enum { SYSTEM_SUSPEND };
enum { SUSPEND_TO_RAM = 0 };

static struct sbiret system_suspend(u32 type, u64 address, u64 opaque)
{
    if (type != SUSPEND_TO_RAM)
        return sbi_error(SBI_ERR_INVALID_PARAM);
    if (!hsm_valid_address(address))
        return sbi_error(SBI_ERR_INVALID_ADDRESS);
    // All other harts must be stopped.
    if (hsm_available() != 1u << hart_id())
        return sbi_error(SBI_ERR_DENIED);
    hsm_sleep();
    hart_resume_supervisor(address, opaque);
}

struct sbiret sbi_susp(u64 function, const u64 *argument)
{
    if (function != SYSTEM_SUSPEND)
        return sbi_error(SBI_ERR_NOT_SUPPORTED);
    return system_suspend(argument[0], argument[1], argument[2]);
}
