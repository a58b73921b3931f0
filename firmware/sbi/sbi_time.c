// The timer extension.

#include "firmware.h"

enum { SET_TIMER };

struct sbiret sbi_time(u64 function, const u64 *argument)
{
    if (function != SET_TIMER)
        return sbi_error(SBI_ERR_NOT_SUPPORTED);
    pmu_count(PMU_SET_TIMER);
    timer_set(argument[0]);
    return sbi_value(0);
}
