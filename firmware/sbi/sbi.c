// Calls from S-mode.  a7 names the extension, a6 the function, a0 to a5 are arguments.  a0 returns an
// error, a1 a value; no other register changes.  What is unknown is SBI_ERR_NOT_SUPPORTED.

#include "firmware.h"

static bool always(void)
{
    return true;
}

static bool has_console(void)
{
    return platform.uart.base != 0;
}

static bool has_reset(void)
{
    return finisher_can(RESET_SHUTDOWN) || finisher_can(RESET_COLD);
}

static const struct {
    u64 extension;
    struct sbiret (*call)(u64 function, const u64 *argument);
    bool (*exists)(void);
} extensions[] = {
    { EXT_BASE, sbi_base, always },
    { EXT_TIME, sbi_time, timer_exists },
    { EXT_IPI, sbi_ipi, always },
    { EXT_RFENCE, sbi_rfence, always },
    { EXT_HSM, sbi_hsm, always },
    { EXT_SRST, sbi_srst, has_reset },
    { EXT_PMU, sbi_pmu, always },
    { EXT_DBCN, sbi_dbcn, has_console },
    { EXT_SUSP, sbi_susp, always },
};

// The legacy extensions 0 to 8 are extensions too.
bool sbi_has_extension(u64 extension)
{
    if (extension <= 8)
        return true;
    for (u32 i = 0; i < LENGTH(extensions); i++)
        if (extensions[i].extension == extension)
            return extensions[i].exists();
    return false;
}

void sbi_call(struct frame *frame)
{
    u64 extension = frame->x[A7];
    struct sbiret result = sbi_error(SBI_ERR_NOT_SUPPORTED);

    if (extension <= 0xf && sbi_legacy(frame))
        return;
    // Whoever sleeps or stops in a call has answered it, so pc moves on first.
    frame->mepc += 4;
    for (u32 i = 0; i < LENGTH(extensions); i++)
        if (extensions[i].extension == extension && extensions[i].exists())
            result = extensions[i].call(frame->x[A6], &frame->x[A0]);
    frame->x[A0] = result.error;
    frame->x[A1] = result.value;
}

// A hart mask: bit n of `mask` is hart `base` + n; if `base` is -1, all harts that are available.
enum sbi_error sbi_hart_set(u64 mask, u64 base, u32 *set)
{
    *set = 0;
    if (base == ~0UL) {
        *set = hsm_available();
        return SBI_SUCCESS;
    }
    for (u64 i = 0; i < 64; i++) {
        if ((mask >> i & 1) == 0)
            continue;
        if (base + i < base || !platform_has_hart(base + i))
            return SBI_ERR_INVALID_PARAM;
        *set |= 1u << (base + i);
    }
    return SBI_SUCCESS;
}
