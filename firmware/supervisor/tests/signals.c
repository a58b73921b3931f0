// Accesses to bad addresses: each gives the signal, the code and the address that Linux gives, and the
// program goes on behind the instruction; without a handler it ends, and its parent does not.

#include "test.h"

static volatile i32 seen_signal, seen_code;
static volatile u64 seen_address;

static void skip(i32 signal, struct information *information, struct signal_context *context)
{
    seen_signal = signal;
    seen_code = information->code;
    seen_address = information->address;
    u16 first = *(u16 *)context->registers[0];
    context->registers[0] += (first & 3) == 3 ? 4 : 2;
}

// Runs a load or a store there.
static bool faults(u64 address, bool store, i32 code)
{
    seen_signal = 0;
    if (store)
        asm volatile("sb zero, 0(%0)" : : "r"(address) : "memory");
    else
        asm volatile("lb t0, 0(%0)" : : "r"(address) : "t0", "memory");
    return seen_signal == SIGSEGV && seen_code == code && seen_address == address;
}

static void dies_by(u32 signal, u64 address)
{
    u32 status;
    i64 child = fork();

    if (child == 0) {
        u64 plain[3] = { 0, 0, 0 };
        CALL4(SIGACTION, signal, plain, 0, 8);
        if (signal == SIGILL)
            asm volatile(".word 0");
        else
            *(volatile u8 *)address = 1;
        CALL1(EXIT_GROUP, 0);
    }
    CHECK(wait_for(child, &status) == child);
    CHECK(status == signal);
}

static u64 own_stack[4096];
static volatile bool on_own_stack;

static void look_at_stack(i32 signal, struct information *information, struct signal_context *context)
{
    u64 here;

    on_own_stack = &here >= own_stack && &here < own_stack + LENGTH(own_stack);
    skip(signal, information, context);
}

int main(void)
{
    enum { MAPERR = 1, ACCERR = 2 };
    u8 *page = map(3 * PAGE, READ_RIGHT, MAP_PRIVATE);
    u64 stack[3] = { (u64)own_stack, 0, sizeof(own_stack) };

    on_signal(SIGSEGV, skip, 0);
    on_signal(SIGILL, skip, 0);
    CHECK(faults(0, false, MAPERR));
    CHECK(faults(8, true, MAPERR));
    CHECK(faults((u64)page, true, ACCERR));
    CHECK(!faults((u64)page, false, 0));
    CHECK(CALL2(MUNMAP, page + PAGE, PAGE) == 0);
    CHECK(faults((u64)page + PAGE, false, MAPERR));
    CHECK(CALL3(MPROTECT, page + 2 * PAGE, PAGE, 0) == 0);
    CHECK(faults((u64)page + 2 * PAGE, false, ACCERR));
    CHECK(faults(0x3ffffffff8, false, MAPERR));          // the last page of the lower half
    CHECK(faults(0xffffffff80200000, false, MAPERR));    // the kernel
    CHECK(faults(0xffffffc080000000, true, MAPERR));     // its direct map
    CHECK(faults(0x4000000000, false, MAPERR));          // no address of Sv39 at all
    CHECK(faults((u64)main & ~1UL, true, ACCERR));       // the program's own code
    seen_signal = 0;
    asm volatile(".word 0xffffffff");
    CHECK(seen_signal == SIGILL);
    seen_signal = 0;
    asm volatile("csrr t0, sstatus" : : : "t0");
    CHECK(seen_signal == SIGILL);

    dies_by(SIGSEGV, 0);
    dies_by(SIGSEGV, 0xffffffff80200000);
    dies_by(SIGILL, 0);

    on_signal(SIGSEGV, look_at_stack, 0x08000000); // SA_ONSTACK
    CHECK(CALL2(SIGALTSTACK, stack, 0) == 0);
    CHECK(faults(0, false, MAPERR) && on_own_stack);

    // A signal that is blocked waits.
    u64 set = 1UL << (SIGUSR1 - 1);
    on_signal(SIGUSR1, skip, 0);
    CHECK(CALL4(SIGPROCMASK, 0, &set, 0, 8) == 0);
    i64 child = fork();
    if (child == 0) {
        seen_signal = 0;
        CALL2(KILL, CALL1(GETPID, 0), SIGUSR1);
        CHECK(seen_signal == 0);
        u64 plain[3] = { 0, 0, 0 };
        CALL4(SIGACTION, SIGUSR1, plain, 0, 8);
        CALL4(SIGPROCMASK, 1, &set, 0, 8);
        CALL1(EXIT_GROUP, 0);
    }
    u32 status;
    CHECK(wait_for(child, &status) == child && status == SIGUSR1);
    say("signals: every bad access has its signal, code and address\n");
    return 0;
}
