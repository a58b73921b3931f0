// Exceptions that S-mode must get, with the right registers, whoever handles them first.

#include "check.h"

enum { FETCH_ACCESS = 1, ILLEGAL = 2, BREAKPOINT = 3, LOAD_ACCESS = 5, STORE_ACCESS = 7 };

static u64 fault_pc; // where the instruction stands

// An instruction that traps, with its address in fault_pc.
#define TRAPPING(instruction) \
    __asm__ volatile("la t0, 1f\n sd t0, %0\n .option push\n .option norvc\n1: " instruction "\n .option pop" \
                     : "=m"(fault_pc) : "r"(FIRMWARE) : "t0", "t1", "ra", "memory")

static void unknown(void) { TRAPPING(".word 0xffffffff"); }
static void machine_register(void) { TRAPPING("csrr t1, mstatus"); }
static void machine_return(void) { TRAPPING("mret"); }
static void write_time(void) { TRAPPING("csrw 0xc01, t1"); }
static void set_time(void) { TRAPPING("csrrs t1, 0xc01, t0"); }
static void breakpoint(void) { TRAPPING("ebreak"); }
static void load_firmware(void) { TRAPPING("ld t1, 0(%1)"); }
static void store_firmware(void) { TRAPPING("sd t1, 0(%1)"); }
static void execute_firmware(void) { TRAPPING("jalr ra, 0(%1)"); }
static void load_firmware_misaligned(void) { TRAPPING("ld t1, 1(%1)"); }

static void check_exception(void (*function)(void), u64 cause, bool has_value, u64 value, const char *what)
{
    struct hart *hart = this_hart();

    for (int user = 0; user < 2; user++) {
        const char *mode = user ? "U-mode" : "S-mode";

        hart->expecting = true;
        hart->exceptions = 0;
        csr_set(sstatus, SSTATUS_SPIE | SSTATUS_FS);
        csr_clear(sstatus, SSTATUS_SIE);
        if (user)
            run_as_user(function);
        else
            function();
        hart->expecting = false;
        check_equal(hart->exceptions, 1, "%s in %s is one exception", what, mode);
        check_equal(hart->last.cause, cause, "%s in %s: scause", what, mode);
        if (has_value)
            check_equal(hart->last.value, value, "%s in %s: stval", what, mode);
        if (cause != FETCH_ACCESS)
            check_equal(hart->last.pc, fault_pc, "%s in %s: sepc", what, mode);
        check_equal(hart->last.status & SSTATUS_SPP, user ? 0 : SSTATUS_SPP, "%s in %s: sstatus.SPP", what, mode);
        check_equal(hart->last.status & SSTATUS_SIE, 0, "%s in %s: sstatus.SIE", what, mode);
        // sret to U-mode has set SIE from SPIE.
        check_equal(hart->last.status & SSTATUS_SPIE, user ? SSTATUS_SPIE : 0, "%s in %s: sstatus.SPIE", what, mode);
        csr_clear(sstatus, SSTATUS_SIE);
    }
}

void test_exceptions(void)
{
    csr_write(sie, 0);
    check_exception(unknown, ILLEGAL, false, 0, "an unknown instruction");
    check_exception(machine_register, ILLEGAL, false, 0, "a register of M-mode");
    check_exception(machine_return, ILLEGAL, false, 0, "mret");
    check_exception(write_time, ILLEGAL, false, 0, "csrw time");
    check_exception(set_time, ILLEGAL, false, 0, "csrrs time with a register");
    check_exception(breakpoint, BREAKPOINT, false, 0, "ebreak");
    check_exception(load_firmware, LOAD_ACCESS, true, FIRMWARE, "a load from the firmware");
    check_exception(store_firmware, STORE_ACCESS, true, FIRMWARE, "a store to the firmware");
    check_exception(load_firmware_misaligned, LOAD_ACCESS, true, FIRMWARE + 1, "a misaligned load from the firmware");
    check_exception(execute_firmware, FETCH_ACCESS, true, FIRMWARE, "a jump into the firmware");
}
