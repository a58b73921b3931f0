// The registers that M-mode sets before a hart runs S-mode.

#include "firmware.h"

struct hart harts[MAX_HARTS];

// Exceptions that S-mode handles itself.  Not delegated: calls to us, misaligned loads and stores
// (emulated here), and illegal instructions if some are emulated (see below).
#define DELEGATED_EXCEPTIONS \
    (BIT(FETCH_MISALIGNED) | BIT(FETCH_ACCESS) | BIT(BREAKPOINT) | BIT(LOAD_ACCESS) | BIT(STORE_ACCESS) \
     | BIT(ECALL_FROM_USER) | BIT(FETCH_PAGE) | BIT(LOAD_PAGE) | BIT(STORE_PAGE) | BIT(SOFTWARE_CHECK))
// With the hypervisor extension.
#define DELEGATED_HYPERVISOR_EXCEPTIONS \
    (BIT(ECALL_FROM_VIRTUAL_SUPERVISOR) | BIT(FETCH_GUEST_PAGE) | BIT(LOAD_GUEST_PAGE) \
     | BIT(VIRTUAL_INSTRUCTION) | BIT(STORE_GUEST_PAGE))

#define MISA_EXTENSION(letter) BIT((letter) - 'A')

#define COUNTER_CYCLE BIT(0)
#define COUNTER_TIME BIT(1)
#define COUNTER_INSTRET BIT(2)
#define COUNTERS (COUNTER_CYCLE | COUNTER_TIME | COUNTER_INSTRET)

#define ENVCFG_CBIE_INVALIDATE (3UL << 4)
#define ENVCFG_CBCFE BIT(6)
#define ENVCFG_CBZE BIT(7)
#define ENVCFG_ADUE BIT(61)
#define ENVCFG_PBMTE BIT(62)
#define ENVCFG_STCE BIT(63)

// S-mode may read cycle, time and instret; it decides for U-mode with scounteren.  The other
// counters of the machine are not offered.
static void prepare_counters(struct hart *hart)
{
    u64 ignored;

    // Writing mcounteren traps only where there is no U-mode.
    csr_try_write(mcounteren, COUNTERS);
    csr_write(scounteren, COUNTERS);
    hart->has_cycle = csr_try_read(cycle, &ignored);
    hart->has_time = csr_try_read(time, &ignored);
    hart->has_instret = csr_try_read(instret, &ignored);
    hart->has_inhibit = csr_try_write(MCOUNTINHIBIT, 0);
}

static void prepare_exceptions(struct hart *hart)
{
    u64 exceptions = DELEGATED_EXCEPTIONS;

    if (hart->has_hypervisor)
        exceptions |= DELEGATED_HYPERVISOR_EXCEPTIONS;
    // Reading a counter is the only instruction that we may have to emulate.  S-mode gets illegal
    // instructions faster if we need not look at them: Linux turns floating point on at the first.
    if (hart->has_cycle && hart->has_time && hart->has_instret)
        exceptions |= BIT(ILLEGAL_INSTRUCTION);
    csr_write(medeleg, exceptions);
    csr_write(mideleg, INTERRUPT_SSI | INTERRUPT_STI | INTERRUPT_SEI);
}

// What S-mode may use of newer extensions.  A bit whose extension is absent stays 0.
static void prepare_environment(struct hart *hart)
{
    u64 config = ENVCFG_CBIE_INVALIDATE | ENVCFG_CBCFE | ENVCFG_CBZE | ENVCFG_PBMTE | ENVCFG_STCE;
    u64 now, ignored;

    // Who sets the A and D bits of page-table entries?  If the tree says Svade, S-mode counts on page
    // faults until it asks for more (which takes SBI 3.0); else the hardware, where it can.
    if ((platform.svade >> hart_id() & 1) == 0)
        config |= ENVCFG_ADUE;
    hart->has_stimecmp = false;
    if (csr_try_write(MENVCFG, config) && csr_try_read(MENVCFG, &now))
        hart->has_stimecmp = (now & ENVCFG_STCE) != 0 && csr_try_read(STIMECMP, &ignored);
    if (hart->has_stimecmp)
        csr_write(STIMECMP, ~0UL);

    // Smstateen: nothing of S-mode's state is withheld from it.
    csr_try_write(MSTATEEN0, ~0UL);
    csr_try_write(MSTATEEN1, ~0UL);
    csr_try_write(MSTATEEN2, ~0UL);
    csr_try_write(MSTATEEN3, ~0UL);
}

#define PMP_NAPOT (3UL << 3)
#define PMP_READ_WRITE_EXECUTE 7UL
#define PMP_HALF_OF(size) ((size) / 8 - 1)

// The lowest entry that matches decides.  Entry 0: the firmware, no rights.  Entry 1: everything
// else, all rights.  Neither is locked, so they do not bind M-mode.
static void prepare_protection(void)
{
    if (!csr_try_write(pmpcfg0, 0))
        return; // no PMP: S-mode can reach everything
    csr_write(pmpaddr0, FIRMWARE_START >> 2 | PMP_HALF_OF(FIRMWARE_SIZE));
    csr_write(pmpaddr1, ~0UL);
    csr_write(pmpcfg0, PMP_NAPOT | (PMP_NAPOT | PMP_READ_WRITE_EXECUTE) << 8);
    asm volatile("sfence.vma" : : : "memory");
}

void hart_prepare(void)
{
    struct hart *hart = this_hart();
    u64 misa = csr_read(misa);

    hart->has_hypervisor = (misa & MISA_EXTENSION('H')) != 0;
    hart->has_double = (misa & MISA_EXTENSION('D')) != 0;
    csr_write(mie, INTERRUPT_MSI);
    csr_write(mip, 0);
    prepare_counters(hart);
    prepare_exceptions(hart);
    prepare_environment(hart);
    prepare_protection();
    pmu_open();
}

// Leaves for S-mode as the SBI wants it: satp and sstatus.SIE are 0, a0 is the hart's id and a1
// what the caller chose.  The rest is undefined; we make it what it is after reset.
//
// A hart that resumes comes here directly: the interrupt that woke it (sip.SSIP, or the timer's
// sip.STIP) stays pending, and a timer that has not ended yet goes on.  Nobody would send them again.
void hart_resume_supervisor(u64 address, u64 opaque)
{
    struct hart *hart = this_hart();

    csr_write(satp, 0);
    csr_write(stvec, 0);
    csr_write(sscratch, 0);
    csr_write(sie, 0);
    if (hart->has_hypervisor)
        csr_write(HSTATUS, 2UL << 32); // VSXL = 64 bits, all else 0
    fence_all_here();
    // The fields that say how wide S- and U-mode's registers are stay as they are.
    enter_supervisor(address, hart_id(), opaque, (csr_read(mstatus) & MSTATUS_XL)
                     | (u64)SUPERVISOR << MSTATUS_MPP_SHIFT | MSTATUS_FS_INITIAL | MSTATUS_VS_INITIAL);
}

// A hart that starts: nothing is pending, and the timer is off.
void hart_enter_supervisor(u64 address, u64 opaque)
{
    csr_clear(mip, INTERRUPT_SSI);
    if (timer_exists())
        timer_set(~0UL);
    hart_resume_supervisor(address, opaque);
}
