// System reset.

#include "firmware.h"

enum { SYSTEM_RESET };
enum { REASON_NONE = 0, REASON_SYSTEM_FAILURE = 1 };

extern u32 boot_lottery, boot_ready;

// Both arguments are 32 bits wide.
static struct sbiret system_reset(u32 type, u32 reason)
{
    // Other types and reasons are reserved, or of vendors that we are not.
    if (type > RESET_WARM || reason > REASON_SYSTEM_FAILURE)
        return sbi_error(SBI_ERR_INVALID_PARAM);
    if (!finisher_can(type))
        return sbi_error(SBI_ERR_NOT_SUPPORTED);
    if (type != RESET_SHUTDOWN) {
        boot_ready = 0;
        boot_lottery = 0;
    }
    finisher_reset(type, reason == REASON_SYSTEM_FAILURE);
    return sbi_error(SBI_ERR_FAILED);
}

struct sbiret sbi_srst(u64 function, const u64 *argument)
{
    if (function != SYSTEM_RESET)
        return sbi_error(SBI_ERR_NOT_SUPPORTED);
    return system_reset(argument[0], argument[1]);
}
