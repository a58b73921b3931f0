// The calls of SBI 0.1, as far as firmware has them.

#include "check.h"
#include "paging.h"

enum { LOAD_ACCESS = 5, LOAD_PAGE = 13 };

static u64 legacy(u64 call, u64 argument)
{
    return SBI(call, 0, argument, 0, 0).error;
}

// A hart mask that cannot be read: the exception is the caller's, at its ecall.
static void check_fault(void *address, u64 cause, const char *what)
{
    struct hart *hart = this_hart();
    u64 at;

    hart->expecting = true;
    hart->exceptions = 0;
    hart->last.cause = ~0UL;
    {
        register u64 a0 __asm__("a0") = (u64)address;
        register u64 a7 __asm__("a7") = 4;
        __asm__ volatile("la %1, 1f\n .option push\n .option norvc\n1: ecall\n .option pop"
                         : "+r"(a0), "=&r"(at) : "r"(a7) : "memory");
    }
    hart->expecting = false;
    check_equal(hart->last.cause, cause, "send_ipi with a mask %s", what);
    check_equal(hart->last.pc, at, "sepc is the ecall");
    check_equal(hart->last.value, (u64)address, "stval is the mask");
}

void test_legacy(void)
{
    u64 mask = 1UL << this_hart()->id;
    struct sbiret got;

    if (!has_extension(1)) {
        skip("legacy calls");
        return;
    }
    got = SBI(1, 0, '\n', 0x1234);
    check_equal(got.error, 0, "console_putchar");
    check_equal(got.value, 0x1234, "it leaves a1 alone");
    got = SBI(2, 0);
    check(got.error >= -1 && got.error < 256, "console_getchar");
    csr_write(sie, 0);
    csr_clear(sip, SSI);
    check_equal(legacy(3, 0), 0, "clear_ipi when there was none");
    check_equal(legacy(4, (u64)&mask), 0, "send_ipi");
    check_equal(csr_read(sip) & SSI, SSI, "it arrives");
    legacy(3, 0);
    check_equal(csr_read(sip) & SSI, 0, "clear_ipi clears it");
    check_equal(legacy(5, (u64)&mask), 0, "remote_fence_i");
    check_equal(legacy(6, (u64)&mask), 0, "remote_sfence_vma");
    check_equal(legacy(7, (u64)&mask), 0, "remote_sfence_vma_asid");
    legacy(0, 0);
    check_equal(csr_read(sip) & STI, STI, "set_timer to the past");
    legacy(0, ~0UL);
    check_equal(csr_read(sip) & STI, 0, "set_timer to never");

    check_fault((void *)FIRMWARE, LOAD_ACCESS, "in the firmware");
    // The mask's address is virtual.
    make_tables();
    map(0, frames[0], R | W);
    map(1, NULL, 0);
    paging_on(0);
    *(u64 *)frames[0] = mask;
    csr_clear(sip, SSI);
    check_equal(legacy(4, PAGES_AT), 0, "send_ipi with a mask in virtual memory");
    check_equal(csr_read(sip) & SSI, SSI, "it arrives");
    csr_clear(sip, SSI);
    check_fault((void *)(PAGES_AT + PAGE), LOAD_PAGE, "on a missing page");
    paging_off();
}
