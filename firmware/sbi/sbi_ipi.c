// The extension for interrupts between harts: they arrive as supervisor software interrupts.

#include "firmware.h"

enum { SEND_IPI };

// A hart that is stopped has nobody to tell.
void ipi_send(u32 set)
{
    set &= hsm_available();
    for (u64 hart = 0; hart < MAX_HARTS; hart++) {
        if ((set >> hart & 1) == 0)
            continue;
        pmu_count(PMU_IPI_SENT);
        // To ourselves too: without the way through another's `events`.
        if (hart == hart_id())
            csr_set(mip, INTERRUPT_SSI);
        else
            event_send(hart, EVENT_IPI);
    }
}

struct sbiret sbi_ipi(u64 function, const u64 *argument)
{
    u32 set;
    enum sbi_error error;

    if (function != SEND_IPI)
        return sbi_error(SBI_ERR_NOT_SUPPORTED);
    error = sbi_hart_set(argument[0], argument[1], &set);
    if (error == SBI_SUCCESS)
        ipi_send(set);
    return sbi_error(error);
}
