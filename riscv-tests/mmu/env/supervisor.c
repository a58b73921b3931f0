// The tables of the supervisor itself, and its traps.

#include "supervisor.h"

enum { ECALL_U = 8, FETCH_PAGE = 12, LOAD_PAGE = 13, STORE_PAGE = 15 };

struct registers {
    u64 pc;
    u64 x[31]; // x[n - 1] is register n
};
enum { RA = 0, SP = 1, A0 = 9 };

extern volatile u64 tohost, begin_signature;
extern char user_returned[];

table root_table, middle_table, leaf_table, kernel_table;
frame first_frame, second_frame;
volatile u64 faults;
static volatile u64 tables_are_ready, asids_are_there;

static void finish(u64 value)
{
    for (;;)
        tohost = value;
}

void fail(u64 number) { finish(number << 1 | 1); }

void note(u64 number)
{
    if (!begin_signature)
        begin_signature = number;
}

__attribute__((weak)) int on_page_fault(u64 va)
{
    (void)va;
    return 0;
}

__attribute__((weak)) void second_hart(void) {}

void on_trap(struct registers *frame)
{
    u64 cause, va;
    __asm__ volatile("csrr %0, scause" : "=r"(cause));
    __asm__ volatile("csrr %0, stval" : "=r"(va));
    if (cause == ECALL_U) {
        // Back to run_as_user, whose stack pointer lies above this frame.
        frame->pc = (u64)user_returned;
        frame->x[SP] = (u64)(frame + 1);
        __asm__ volatile("csrs sstatus, %0" : : "r"(1 << 8));
    } else if (va >> 30 != (u64)root_table >> 30) {
        faults++;
        if (on_page_fault(va))
            return;
        if (cause == FETCH_PAGE) {
            frame->pc = frame->x[RA];
            frame->x[A0] = FAULTED;
        } else {
            frame->pc += 4;
        }
    } else {
        fail(0x200 + cause);
    }
}

static void build_tables(void)
{
    kernel_table[0] = entry((void *)0x80000000, A | G | X | R | V);
    kernel_table[1] = entry((void *)0x80200000, D | A | G | W | R | V);
    root_table[2] = entry(kernel_table, V);
    root_table[1] = entry(middle_table, V);
    middle_table[0] = entry(leaf_table, V);
    leaf_table[256] = entry((void *)0x80100000, A | U | X | R | V);
    for (int i = 0; i < PAGE_SIZE / 8; i++) {
        first_frame[i] = 1;
        second_frame[i] = 2;
    }
}

void map(u64 page, const void *frame, u64 bits)
{
    set(&leaf_table[page], entry(frame, bits));
    fence_page(PAGE(page));
}

void switch_space(const void *root, u64 asid)
{
    write_satp(satp_of(root, asid));
    if (!asids_are_there)
        fence_all();
}

// The first function in supervisor mode.
void start(u64 hart)
{
    u64 satp;
    if (hart == 0)
        build_tables();
    else
        while (!tables_are_ready)
            ;
    __asm__ volatile("fence rw, rw" : : : "memory");
    write_satp(satp_of(root_table, ASID));
    fence_all();
    if (hart == 0) {
        __asm__ volatile("csrr %0, satp" : "=r"(satp));
        asids_are_there = satp >> 44 & 0xffff;
        tables_are_ready = 1;
        test();
        finish(1);
    }
    second_hart();
    for (;;)
        __asm__ volatile("wfi");
}
