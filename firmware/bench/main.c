// Runs the kernel and prints one line: its name, the instructions that it retired, its checksum.

#include "bench.h"

// How much work, in thousandths. It lies in the file, so that a test can change it there.
volatile u64 bench_scale __attribute__((section(".data"))) = 1000;

u64 scaled(u64 n, u64 least)
{
    u64 size = n * bench_scale / 1000;
    return size > least ? size : least;
}

static void unexpected(struct frame *frame, u64 cause, u64 value)
{
    print("unexpected trap: cause ");
    print_hex(cause);
    print(", value ");
    print_hex(value);
    print(", pc ");
    print_hex(frame->pc);
    print("\n");
    fail("trap");
}

void (*on_trap)(struct frame *, u64, u64) = unexpected;

static void run(void)
{
    u64 before = read_csr(instret);
    u64 checksum = kernel();
    u64 count = read_csr(instret) - before;
    print(kernel_name);
    print("-");
    print(mode_name);
    print(" instret=");
    print_decimal(count);
    print(" checksum=");
    print_hex(checksum);
    print(" ok\n");
    finish(0);
}

void main(const u8 *device_tree)
{
    find_console(device_tree);
    enter_mode(run);
}
