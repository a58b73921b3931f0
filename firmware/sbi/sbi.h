// The Supervisor Binary Interface, version 2.0.  (Names are those of its specification.)
#pragma once

#include "trap.h"
#include "types.h"

// Table 1 of the specification.
enum sbi_error {
    SBI_SUCCESS = 0,
    SBI_ERR_FAILED = -1,
    SBI_ERR_NOT_SUPPORTED = -2,
    SBI_ERR_INVALID_PARAM = -3,
    SBI_ERR_DENIED = -4,
    SBI_ERR_INVALID_ADDRESS = -5,
    SBI_ERR_ALREADY_AVAILABLE = -6,
    SBI_ERR_ALREADY_STARTED = -7,
    SBI_ERR_ALREADY_STOPPED = -8,
    SBI_ERR_NO_SHMEM = -9,
};

struct sbiret {
    i64 error, value;
};

static inline struct sbiret sbi_value(u64 value)
{
    return (struct sbiret){ SBI_SUCCESS, value };
}
static inline struct sbiret sbi_error(enum sbi_error error)
{
    return (struct sbiret){ error, 0 };
}

enum extension {
    EXT_BASE = 0x10,
    EXT_TIME = 0x54494d45,
    EXT_IPI = 0x735049,
    EXT_RFENCE = 0x52464e43,
    EXT_HSM = 0x48534d,
    EXT_SRST = 0x53525354,
    EXT_PMU = 0x504d55,
    EXT_DBCN = 0x4442434e,
    EXT_SUSP = 0x53555350,
};

// ---- sbi.c
void sbi_call(struct frame *frame);
bool sbi_has_extension(u64 extension);
enum sbi_error sbi_hart_set(u64 mask, u64 base, u32 *set);

// ---- One file for each extension.
struct sbiret sbi_base(u64 function, const u64 *argument);
struct sbiret sbi_time(u64 function, const u64 *argument);
struct sbiret sbi_ipi(u64 function, const u64 *argument);
struct sbiret sbi_rfence(u64 function, const u64 *argument);
struct sbiret sbi_hsm(u64 function, const u64 *argument);
struct sbiret sbi_srst(u64 function, const u64 *argument);
struct sbiret sbi_pmu(u64 function, const u64 *argument);
struct sbiret sbi_dbcn(u64 function, const u64 *argument);
struct sbiret sbi_susp(u64 function, const u64 *argument);
bool sbi_legacy(struct frame *frame);

// ---- sbi_ipi.c
void ipi_send(u32 set);

// ---- sbi_hsm.c
enum hsm_state {
    HSM_STARTED = 0,
    HSM_STOPPED = 1,
    HSM_START_PENDING = 2,
    HSM_STOP_PENDING = 3,
    HSM_SUSPENDED = 4,
    HSM_SUSPEND_PENDING = 5,
    HSM_RESUME_PENDING = 6,
};
void hsm_open(void);
u32 hsm_state(u64 hart);
u32 hsm_available(void);
enum sbi_error hsm_start(u64 hart, u64 address, u64 opaque);
bool hsm_valid_address(u64 address);
void hsm_wait_for_start(void) __attribute__((noreturn));
void hsm_enter(u64 address, u64 opaque) __attribute__((noreturn));
void hsm_sleep(void);

// ---- sbi_pmu.c
// Two counters of the hardware (cycle and instret), then those of the firmware.
#define PMU_COUNTERS 10
enum pmu_firmware_event {
    PMU_MISALIGNED_LOAD = 0,
    PMU_MISALIGNED_STORE = 1,
    PMU_SET_TIMER = 5,
    PMU_IPI_SENT = 6,
    PMU_IPI_RECEIVED = 7,
    PMU_FENCE_I_SENT = 8,
    PMU_FENCE_I_RECEIVED = 9,
    PMU_SFENCE_VMA_SENT = 10,
    PMU_SFENCE_VMA_RECEIVED = 11,
    PMU_SFENCE_VMA_ASID_SENT = 12,
    PMU_SFENCE_VMA_ASID_RECEIVED = 13,
};
void pmu_open(void);
void pmu_count(enum pmu_firmware_event event);
