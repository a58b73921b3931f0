// Performance counters.  The logical counters are: 0 the cycles, 1 the instructions, and from 2 on
// counters of the firmware, each of which can count any of the firmware's events.  Every hart has its
// own.  There are no programmable counters of the hardware, and no snapshots in shared memory.

#include "firmware.h"

enum {
    NUM_COUNTERS,
    COUNTER_GET_INFO,
    COUNTER_CONFIG_MATCHING,
    COUNTER_START,
    COUNTER_STOP,
    COUNTER_FW_READ,
    COUNTER_FW_READ_HI,
    SNAPSHOT_SET_SHMEM,
};
enum { CYCLES, INSTRUCTIONS, FIRST_FIRMWARE };

enum { CONFIG_SKIP_MATCH = 1, CONFIG_CLEAR_VALUE = 2, CONFIG_AUTO_START = 4, CONFIG_ALL = 0xff };
enum { START_SET_INIT_VALUE = 1, START_INIT_SNAPSHOT = 2, START_ALL = 3 };
enum { STOP_RESET = 1, STOP_TAKE_SNAPSHOT = 2, STOP_ALL = 3 };

// event_idx: the type in bits 19 to 16, the code below.
enum { EVENT_CYCLES = 0x00001, EVENT_INSTRUCTIONS = 0x00002, EVENT_FIRMWARE = 0xf0000, EVENT_LARGEST = 0xfffff };

// The firmware's events, by code.
#define FIRMWARE_EVENTS \
    (BIT(PMU_MISALIGNED_LOAD) | BIT(PMU_MISALIGNED_STORE) | BIT(PMU_SET_TIMER) | BIT(PMU_IPI_SENT) \
     | BIT(PMU_IPI_RECEIVED) | BIT(PMU_FENCE_I_SENT) | BIT(PMU_FENCE_I_RECEIVED) \
     | BIT(PMU_SFENCE_VMA_SENT) | BIT(PMU_SFENCE_VMA_RECEIVED) | BIT(PMU_SFENCE_VMA_ASID_SENT) \
     | BIT(PMU_SFENCE_VMA_ASID_RECEIVED))

// Bits of mcountinhibit.
static const u64 inhibit_bit[FIRST_FIRMWARE] = { BIT(0), BIT(2) };

void pmu_open(void)
{
    memset(this_hart()->counters, 0, sizeof(this_hart()->counters));
}

void pmu_count(enum pmu_firmware_event event)
{
    struct hart *hart = this_hart();

    for (u32 i = FIRST_FIRMWARE; i < PMU_COUNTERS; i++)
        if (hart->counters[i].started && hart->counters[i].event == (EVENT_FIRMWARE | event))
            hart->counters[i].value++;
}

static bool is_firmware_event(u64 event)
{
    u64 code = event & 0xffff;

    return (event & ~0xffffUL) == EVENT_FIRMWARE && code < 64 && (FIRMWARE_EVENTS >> code & 1) != 0;
}

static bool can_count(u32 counter, u64 event)
{
    switch (counter) {
    case CYCLES: return event == EVENT_CYCLES;
    case INSTRUCTIONS: return event == EVENT_INSTRUCTIONS;
    default: return is_firmware_event(event);
    }
}

static void set_value(u32 counter, u64 value)
{
    switch (counter) {
    case CYCLES: csr_write(mcycle, value); break;
    case INSTRUCTIONS: csr_write(minstret, value); break;
    default: this_hart()->counters[counter].value = value;
    }
}

// The hardware's counters run from boot on, for those who just read them; to stop one, it must have
// been started.
static void set_started(u32 counter, bool started)
{
    this_hart()->counters[counter].started = started;
    if (counter < FIRST_FIRMWARE && this_hart()->has_inhibit) {
        if (started)
            csr_clear(MCOUNTINHIBIT, inhibit_bit[counter]);
        else
            csr_set(MCOUNTINHIBIT, inhibit_bit[counter]);
    }
}

// The set of counters that `base` and `mask` name; false if one of them does not exist.
static bool counter_set(u64 base, u64 mask, u64 *set)
{
    if (mask == 0 || base >= PMU_COUNTERS || mask >> (PMU_COUNTERS - base) != 0)
        return false;
    *set = mask << base;
    return true;
}

static struct sbiret get_info(u64 counter)
{
    // CSR, width less one, and who counts.
    static const u64 csr[FIRST_FIRMWARE] = { 0xc00, 0xc02 };

    if (counter >= PMU_COUNTERS)
        return sbi_error(SBI_ERR_INVALID_PARAM);
    if (counter < FIRST_FIRMWARE)
        return sbi_value(csr[counter] | 63 << 12);
    return sbi_value(BIT(63));
}

static struct sbiret config_matching(u64 base, u64 mask, u64 flags, u64 event, u64 data)
{
    struct pmu_counter *counters = this_hart()->counters;
    u64 set;

    if (!counter_set(base, mask, &set) || (flags & ~(u64)CONFIG_ALL) != 0 || event > EVENT_LARGEST)
        return sbi_error(SBI_ERR_INVALID_PARAM);
    for (u32 i = 0; i < PMU_COUNTERS; i++) {
        if ((set >> i & 1) == 0)
            continue;
        if ((flags & CONFIG_SKIP_MATCH) == 0) {
            // `data` is for events that we have none of.
            if (counters[i].event != 0 || !can_count(i, event) || data != 0)
                continue;
            counters[i].event = event;
        } else if (counters[i].event == 0) {
            return sbi_error(SBI_ERR_INVALID_PARAM); // the first of the set counts nothing yet
        }
        if (flags & CONFIG_CLEAR_VALUE)
            set_value(i, 0);
        if (flags & CONFIG_AUTO_START)
            set_started(i, true);
        return sbi_value(i);
    }
    return sbi_error(SBI_ERR_NOT_SUPPORTED);
}

static struct sbiret start(u64 base, u64 mask, u64 flags, u64 value)
{
    struct pmu_counter *counters = this_hart()->counters;
    enum sbi_error error = SBI_SUCCESS;
    u64 set;

    if (!counter_set(base, mask, &set) || (flags & ~(u64)START_ALL) != 0)
        return sbi_error(SBI_ERR_INVALID_PARAM);
    if (flags & START_INIT_SNAPSHOT)
        return sbi_error(SBI_ERR_NO_SHMEM);
    for (u32 i = 0; i < PMU_COUNTERS; i++)
        if ((set >> i & 1) != 0 && counters[i].event == 0)
            return sbi_error(SBI_ERR_INVALID_PARAM);
    for (u32 i = 0; i < PMU_COUNTERS; i++) {
        if ((set >> i & 1) == 0)
            continue;
        if (counters[i].started) {
            error = SBI_ERR_ALREADY_STARTED;
            continue;
        }
        if (flags & START_SET_INIT_VALUE)
            set_value(i, value);
        set_started(i, true);
    }
    return sbi_error(error);
}

static struct sbiret stop(u64 base, u64 mask, u64 flags)
{
    struct pmu_counter *counters = this_hart()->counters;
    enum sbi_error error = SBI_SUCCESS;
    u64 set;

    if (!counter_set(base, mask, &set) || (flags & ~(u64)STOP_ALL) != 0)
        return sbi_error(SBI_ERR_INVALID_PARAM);
    if (flags & STOP_TAKE_SNAPSHOT)
        return sbi_error(SBI_ERR_NO_SHMEM);
    for (u32 i = 0; i < PMU_COUNTERS; i++) {
        if ((set >> i & 1) == 0)
            continue;
        if (counters[i].started)
            set_started(i, false);
        else
            error = SBI_ERR_ALREADY_STOPPED;
        if (flags & STOP_RESET)
            counters[i].event = 0;
    }
    return sbi_error(error);
}

static struct sbiret firmware_read(u64 counter, bool high)
{
    if (counter < FIRST_FIRMWARE || counter >= PMU_COUNTERS)
        return sbi_error(SBI_ERR_INVALID_PARAM);
    // The upper half is for harts of 32 bits; here it is always 0.
    return sbi_value(high ? 0 : this_hart()->counters[counter].value);
}

struct sbiret sbi_pmu(u64 function, const u64 *argument)
{
    switch (function) {
    case NUM_COUNTERS: return sbi_value(PMU_COUNTERS);
    case COUNTER_GET_INFO: return get_info(argument[0]);
    case COUNTER_CONFIG_MATCHING:
        return config_matching(argument[0], argument[1], argument[2], argument[3], argument[4]);
    case COUNTER_START: return start(argument[0], argument[1], argument[2], argument[3]);
    case COUNTER_STOP: return stop(argument[0], argument[1], argument[2]);
    case COUNTER_FW_READ: return firmware_read(argument[0], false);
    case COUNTER_FW_READ_HI: return firmware_read(argument[0], true);
    case SNAPSHOT_SET_SHMEM: // optional
    default: return sbi_error(SBI_ERR_NOT_SUPPORTED);
    }
}
