// Remote fences: each other hart looks at a page through its TLB while this one changes the mapping.

#include "check.h"
#include "paging.h"

enum { FENCE_I = 0, SFENCE_VMA = 1, SFENCE_VMA_ASID = 2 };
#define ALL (~0UL)

static u64 asid;

static void turn_paging_on(struct hart *hart) { (void)hart; paging_on(asid); }
static void turn_paging_off(struct hart *hart) { (void)hart; paging_off(); }
static void look(struct hart *hart) { hart->result = *(volatile u64 *)hart->argument; }

static u64 look_from(struct hart *hart, u64 address)
{
    hart->argument = address;
    hart->result = 0;
    give(hart, look);
    return wait_for(hart) ? hart->result : ~0UL;
}

// Maps page n to the one frame, has it seen, maps it to the other, fences, and has it seen again.
static void check_fence(struct hart *hart, u64 n, u64 function, u64 start, u64 size, const char *what)
{
    u64 page = PAGES_AT + n * PAGE;
    struct sbiret got;

    map(n, frames[0], R);
    SBI(RFENCE, SFENCE_VMA, 0, ALL, 0, 0);
    if (look_from(hart, page) != 1) {
        check(false, "hart %d sees the first page", hart->id);
        return;
    }
    map(n, frames[1], R);
    got = SBI(RFENCE, function, 1UL << hart->id, 0, start, size, asid);
    check_error(got, SUCCESS, "%s for hart %d", what, hart->id);
    check_equal(look_from(hart, page), 2, "hart %d sees the change", hart->id);
}

// A function that another hart runs while we rewrite it: li a0, n; ret.
static u32 code[2] __attribute__((aligned(64)));
static void write_code(u64 n)
{
    *(volatile u32 *)&code[0] = 0x00000513 | n << 20;
    *(volatile u32 *)&code[1] = 0x00008067;
}
static void run_code(struct hart *hart)
{
    hart->result = ((u64 (*)(void))code)();
}

static void check_fence_i(struct hart *hart)
{
    u64 wrong = 0;

    for (u64 n = 1; n < 50; n++) {
        write_code(n);
        wrong += SBI(RFENCE, FENCE_I, n % 2 ? 1UL << hart->id : 0, n % 2 ? 0 : ALL).error != SUCCESS;
        give(hart, run_code);
        wrong += !wait_for(hart) || hart->result != n;
    }
    check_equal(wrong, 0, "hart %d runs what was written before remote_fence_i", hart->id);
}

// Every hart fences every other at the same time.
static void storm(struct hart *hart)
{
    for (u64 i = 0; i < 30; i++)
        hart->result += SBI(RFENCE, i % 3, 0, ALL, PAGES_AT, i * 1000, 0).error != SUCCESS;
}

static void check_storm(void)
{
    bool all = true;
    u64 errors = 0;

    for (u64 i = 0; i < hart_count; i++)
        hart(i)->result = 0;
    for (u64 i = 1; i < hart_count; i++)
        give(hart(i), storm);
    storm(hart(0));
    for (u64 i = 1; i < hart_count; i++)
        all &= wait_for(hart(i));
    for (u64 i = 0; i < hart_count; i++)
        errors += hart(i)->result;
    check(all && errors == 0, "all fence all, thirty times");
}

static void check_errors(void)
{
    static const char *const names[] = { "remote_fence_i", "remote_sfence_vma", "remote_sfence_vma_asid" };

    for (u64 function = 0; function < 3; function++) {
        check_error(SBI(RFENCE, function, 1, 4096), INVALID_PARAM, "%s to no hart", names[function]);
        check_error(SBI(RFENCE, function, 1UL << 63, 0), INVALID_PARAM, "%s to hart 63", names[function]);
        check_error(SBI(RFENCE, function, 0, 0), SUCCESS, "%s to nobody", names[function]);
        check_error(SBI(RFENCE, function, 0, ALL), SUCCESS, "%s to all", names[function]);
        check_error(SBI(RFENCE, function, 0, ALL, PAGES_AT, 0), SUCCESS, "%s of size 0", names[function]);
        check_error(SBI(RFENCE, function, 0, ALL, PAGES_AT + 5, 1), SUCCESS, "%s of one byte", names[function]);
        check_error(SBI(RFENCE, function, 0, ALL, 0, 1UL << 62), SUCCESS, "%s of very much", names[function]);
        check_error(SBI(RFENCE, function, 0, ALL, -(u64)PAGE, PAGE), SUCCESS, "%s of the last page", names[function]);
    }
}

void test_rfence(void)
{
    make_tables();
    *(u64 *)frames[0] = 1;
    *(u64 *)frames[1] = 2;
    // Ask the hart for an address space id that it has.
    paging_on(5);
    asid = csr_read(satp) >> 44 & 0xffff;
    paging_off();
    check_errors();
    for (u64 i = 1; i < hart_count; i++) {
        struct hart *other = hart(i);

        check_fence_i(other);
        give(other, turn_paging_on);
        check(wait_for(other), "hart %d turns translation on", other->id);
        check_fence(other, 0, SFENCE_VMA, 0, 0, "remote_sfence_vma, 0 and 0,");
        check_fence(other, 1, SFENCE_VMA, 0, ~0UL, "remote_sfence_vma of size -1");
        check_fence(other, 2, SFENCE_VMA, PAGES_AT, ~0UL, "remote_sfence_vma from an address, of size -1,");
        check_fence(other, 3, SFENCE_VMA, PAGES_AT + 3 * PAGE, PAGE, "remote_sfence_vma of a page");
        check_fence(other, 4, SFENCE_VMA, PAGES_AT + 3 * PAGE, 2 * PAGE, "remote_sfence_vma of two pages");
        check_fence(other, 5, SFENCE_VMA, PAGES_AT + 5 * PAGE - 1, 2, "remote_sfence_vma of two bytes in two pages");
        check_fence(other, 6, SFENCE_VMA, 0, 1UL << 40, "remote_sfence_vma of much");
        check_fence(other, 7, SFENCE_VMA_ASID, 0, 0, "remote_sfence_vma_asid, 0 and 0,");
        check_fence(other, 8, SFENCE_VMA_ASID, 0, ~0UL, "remote_sfence_vma_asid of size -1");
        check_fence(other, 9, SFENCE_VMA_ASID, PAGES_AT + 9 * PAGE, PAGE, "remote_sfence_vma_asid of a page");
        give(other, turn_paging_off);
        check(wait_for(other), "hart %d turns translation off", other->id);
    }
    check_storm();
}
