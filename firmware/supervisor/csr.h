// The supervisor's control and status registers.
#pragma once

#include "../sbi/csr.h"

#define SSTATUS_SIE BIT(1)
#define SSTATUS_SPIE BIT(5)
#define SSTATUS_SPP BIT(8)
#define SSTATUS_SUM BIT(18)
#define SSTATUS_FS (3UL << 13)
#define SSTATUS_FS_INITIAL (1UL << 13)
#define SSTATUS_FS_CLEAN (2UL << 13)
#define SSTATUS_FS_DIRTY (3UL << 13)

#define SATP_SV39 (8UL << 60)
#define SATP_ASID_SHIFT 44
#define SATP_ASID_MASK 0xffffUL

#define INTERRUPT_TIMER 5
#define INTERRUPT_EXTERNAL 9

static inline u64 time_now(void)
{
    return csr_read(time);
}
