// The core-local interruptor: a register per hart that raises its machine software interrupt, the
// time, and a register per hart that raises its machine timer interrupt.

#include "firmware.h"
#include "mmio.h"

void clint_interrupt(u64 hart)
{
    if (platform.msip[hart] != 0)
        mmio_write32(platform.msip[hart], 1);
}

void clint_clear_interrupt(void)
{
    u64 hart = hart_id();

    if (platform.msip[hart] != 0)
        mmio_write32(platform.msip[hart], 0);
}

bool timer_exists(void)
{
    return this_hart()->has_stimecmp || platform.mtimecmp[hart_id()] != 0;
}

u64 timer_now(void)
{
    if (this_hart()->has_time)
        return csr_read(time);
    return platform.mtime != 0 ? mmio_read64(platform.mtime) : 0;
}

// Sstc gives S-mode a comparator of its own, which sets and clears STIP.  Without it the machine's
// timer interrupt comes to us, and we set STIP.
void timer_set(u64 when)
{
    if (this_hart()->has_stimecmp) {
        csr_write(STIMECMP, when);
        return;
    }
    mmio_write64(platform.mtimecmp[hart_id()], when);
    csr_clear(mip, INTERRUPT_STI);
    csr_set(mie, INTERRUPT_MTI);
}

// The machine's timer interrupt, if there is one: pass it on, and hear no more of it until S-mode
// sets the timer again.
void timer_poll(void)
{
    if ((csr_read(mip) & csr_read(mie) & INTERRUPT_MTI) != 0) {
        csr_clear(mie, INTERRUPT_MTI);
        csr_set(mip, INTERRUPT_STI);
    }
}
