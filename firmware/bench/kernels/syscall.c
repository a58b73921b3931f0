// System calls: a program in user mode that does little else.
// modes: sv39

#include "../bench.h"

const char kernel_name[] = "syscall";
const u64 memory_needed = 2 * PAGE;

enum call { NOTHING, ADD, FILL, SUM, EXIT };
enum { BUFFER = 16, SUM_BIT = 1 << 18 };

#define STACK (WINDOW + PAGE)
#define USER __attribute__((section(".user"), noinline))

void run_user(void (*program)(void), u64 stack);
__attribute__((noreturn)) void leave_user(void);

// ---- In user mode.

USER static u64 system_call(enum call call, u64 first, u64 second)
{
    register u64 a0 __asm__("a0") = first;
    register u64 a1 __asm__("a1") = second;
    register u64 a7 __asm__("a7") = call;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a1), "r"(a7) : "memory");
    return a0;
}

USER static void program(void)
{
    u64 rounds = system_call(NOTHING, 0, 0), sum = 0;
    volatile u8 buffer[BUFFER];
    for (u64 round = 0; round < rounds; round++) {
        sum = system_call(ADD, sum, round);
        system_call(FILL, (u64)buffer, sum & 255);
        buffer[round % BUFFER]++;
        sum += system_call(SUM, (u64)buffer, 0);
        system_call(NOTHING, 0, 0);
    }
    system_call(EXIT, sum, 0);
}

// ---- In supervisor mode.

static u64 rounds, calls, result, expected;

// The user's memory is reached with sstatus.SUM set, as kernels do it.
static u64 serve(enum call call, u64 first, u64 second)
{
    u8 *buffer = (u8 *)first;
    u64 sum = 0;
    switch (call) {
    case NOTHING:
        return rounds;
    case ADD:
        return first + second;
    case FILL:
        set_csr(sstatus, SUM_BIT);
        for (int i = 0; i < BUFFER; i += 8)
            *(volatile u64 *)(buffer + i) = second * 0x0101010101010101;
        clear_csr(sstatus, SUM_BIT);
        return 0;
    case SUM:
        set_csr(sstatus, SUM_BIT);
        for (int i = 0; i < BUFFER; i++)
            sum += ((volatile u8 *)buffer)[i];
        clear_csr(sstatus, SUM_BIT);
        return sum;
    case EXIT:
        result = first;
        leave_user();
    }
    fail("an unknown system call");
}

static void trap(struct frame *frame, u64 cause, u64 value)
{
    if (cause != 8) {
        print_hex(cause);
        print_hex(value);
        fail(" is no environment call");
    }
    calls++;
    frame->pc += 4;
    frame->x[10] = serve(frame->x[17], frame->x[10], frame->x[11]);
}

u64 kernel(void)
{
    rounds = scaled(250000, 10);
    map_pages(root, WINDOW, take_pages(1), 1, U | R | W);
    on_trap = trap;
    run_user(program, STACK);

    for (u64 round = 0; round < rounds; round++) {
        expected += round;
        u64 byte = expected & 255;
        expected += byte * (BUFFER - 1) + ((byte + 1) & 255);
    }
    check(result == expected, "the program's sum is wrong");
    check(calls == 4 * rounds + 2, "calls are missing");
    return add_to(result, calls);
}
