// Performance counters.

#include "check.h"

enum { CYCLES = 1, INSTRUCTIONS = 2, FIRMWARE_SET_TIMER = 0xf0005, FIRMWARE_RESERVED = 0xf0016 };
enum { CLEAR_VALUE = 2, AUTO_START = 4 };
enum { SET_INIT_VALUE = 1, INIT_SNAPSHOT = 2 };
enum { RESET = 1, TAKE_SNAPSHOT = 2 };

static u64 all; // a mask of all counters that exist
static u64 number;

static u64 read_csr(u64 csr)
{
    u64 value = 0;

    if (csr == 0xc00)
        __asm__ volatile("csrr %0, 0xc00" : "=r"(value));
    else if (csr == 0xc02)
        __asm__ volatile("csrr %0, 0xc02" : "=r"(value));
    return value;
}

static void check_hardware(u64 event, const char *what)
{
    struct sbiret found = SBI(PMU, 2, 0, all, 0, event), info;
    u64 csr, before;

    check_error(found, SUCCESS, "config_matching finds a counter for %s", what);
    if (found.error != SUCCESS)
        return;
    info = SBI(PMU, 1, found.value);
    csr = info.value & 0xfff;
    check(info.value >= 0 && (csr == 0xc00 || csr == 0xc02), "it is the fixed counter");
    check_error(SBI(PMU, 3, found.value, 1, SET_INIT_VALUE, 0x100000000), SUCCESS, "counter_start");
    before = read_csr(csr);
    check(before >= 0x100000000 && before < 0x200000000, "it starts from the value given");
    check(read_csr(csr) > before, "it counts");
    check_error(SBI(PMU, 3, found.value, 1, 0, 0), ALREADY_STARTED, "counter_start again");
    check_error(SBI(PMU, 4, found.value, 1, 0), SUCCESS, "counter_stop");
    before = read_csr(csr);
    // (QEMU 7.2 forgets what a stopped counter had reached, but it goes no further.)
    check(read_csr(csr) <= before, "it stands");
    check_error(SBI(PMU, 4, found.value, 1, RESET), ALREADY_STOPPED, "counter_stop again");
    // Leave it running.
    found = SBI(PMU, 2, 0, all, CLEAR_VALUE | AUTO_START, event);
    check_error(found, SUCCESS, "config_matching that starts the counter");
    before = read_csr(csr);
    check(read_csr(csr) > before, "it counts");
    check_error(SBI(PMU, 5, found.value), INVALID_PARAM, "counter_fw_read of it");
}

static void check_firmware(void)
{
    struct sbiret found = SBI(PMU, 2, 0, all, CLEAR_VALUE, FIRMWARE_SET_TIMER);

    check_error(found, SUCCESS, "config_matching finds a counter of the firmware");
    if (found.error != SUCCESS)
        return;
    check((u64)SBI(PMU, 1, found.value).value >> 63 == 1, "its type is firmware");
    set_timer(~0UL);
    check_value(SBI(PMU, 5, found.value), 0, "it does not count before it is started");
    check_error(SBI(PMU, 3, found.value, 1, SET_INIT_VALUE, 7), SUCCESS, "counter_start from 7");
    for (int i = 0; i < 3; i++)
        set_timer(~0UL);
    check_value(SBI(PMU, 5, found.value), 10, "it counts three calls of set_timer");
    check_value(SBI(PMU, 6, found.value), 0, "its upper half is 0");
    check_error(SBI(PMU, 4, found.value, 1, RESET), SUCCESS, "counter_stop");
    set_timer(~0UL);
    check_error(SBI(PMU, 4, found.value, 1, RESET), ALREADY_STOPPED, "counter_stop again");
}

void test_pmu(void)
{
    struct sbiret got = SBI(PMU, 0);
    u64 wrong = 0;

    check(got.error == SUCCESS && got.value >= 2, "num_counters");
    number = got.value;
    all = number >= 64 ? ~0UL : (1UL << number) - 1;
    for (u64 i = 0; i < number && i < 64; i++)
        if (SBI(PMU, 1, i).error != SUCCESS)
            all &= ~(1UL << i), wrong++;
    check(wrong <= 1, "counter_get_info (one number may be left out for time)");
    check_error(SBI(PMU, 1, number), INVALID_PARAM, "counter_get_info of no counter");
    check_error(SBI(PMU, 1, ~0UL), INVALID_PARAM, "counter_get_info of counter -1");
    check_error(SBI(PMU, 2, number, 1, 0, CYCLES), INVALID_PARAM, "config_matching among no counters");
    check_error(SBI(PMU, 2, ~0UL, 1, 0, CYCLES), INVALID_PARAM, "config_matching from counter -1");
    check_error(SBI(PMU, 3, number, 1, 0, 0), INVALID_PARAM, "counter_start of no counter");
    check_error(SBI(PMU, 4, number, 1, 0), INVALID_PARAM, "counter_stop of no counter");
    check_error(SBI(PMU, 5, number), INVALID_PARAM, "counter_fw_read of no counter");
    check_error(SBI(PMU, 6, number), INVALID_PARAM, "counter_fw_read_hi of no counter");
    got = SBI(PMU, 2, 0, all, 0, FIRMWARE_RESERVED);
    check(got.error == NOT_SUPPORTED || got.error == INVALID_PARAM, "config_matching of a reserved event");
    got = SBI(PMU, 2, 0, all, 0, 0);
    check(got.error == NOT_SUPPORTED || got.error == INVALID_PARAM, "config_matching of no event");
    // As a kernel does first, whatever ran before.
    SBI(PMU, 4, 0, all, RESET);
    check_hardware(CYCLES, "cycles");
    check_hardware(INSTRUCTIONS, "instructions");
    check_firmware();
}
