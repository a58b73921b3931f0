// The base extension, and what holds for all calls.

#include "check.h"

static void test_unknown(void)
{
    static const u64 extensions[] = { 0x9, 0xf, 0x11, 0x7fffffff, 0x08000000, 0x09000000, 0xffffffffffffffff,
                                      0x8000000000000010 };
    static const struct {
        u64 extension, function;
    } functions[] = { { BASE, 7 }, { TIME, 1 }, { IPI, 1 }, { RFENCE, 7 }, { HSM, 4 }, { SRST, 1 },
                      { PMU, 100 }, { DBCN, 3 }, { SUSP, 1 }, { BASE, 0xffffffffffffffff } };

    for (u64 i = 0; i < sizeof(extensions) / sizeof(extensions[0]); i++)
        check_error(SBI(extensions[i], 0), NOT_SUPPORTED, "unknown extension %x", extensions[i]);
    for (u64 i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
        check_error(SBI(functions[i].extension, functions[i].function), NOT_SUPPORTED,
                    "extension %x has no function %d", functions[i].extension, functions[i].function);
}

// Only a0 and a1 may change.
static void test_registers(void)
{
    static const u64 arguments[8] = { 0x111, 0x222, 0x333, 0x444, 0x555, 0x666, 0, BASE };
    u64 results[31], changed = 0;

    call_with_patterns(arguments, results);
    for (u64 number = 1; number < 32; number++) {
        u64 got = results[number - 1], want = 0x5a5a000000000000 + number;

        if (number == 2 || number == 4 || number == 10 || number == 11)
            continue; // sp and tp are ours, a0 and a1 the result
        if (number >= 12 && number <= 17)
            want = arguments[number - 10];
        if (got != want)
            changed |= 1UL << number;
    }
    check_equal(changed, 0, "a call changes only a0 and a1");
    check_equal(results[9], 0, "a call returns its error in a0");
}

void test_base(void)
{
    struct sbiret version = SBI(BASE, 0);

    check_error(version, SUCCESS, "get_spec_version");
    check((u64)version.value >> 31 == 0 && version.value >> 24 >= 2, "the version is 2.0 or later");
    say("info specification %d.%d, implementation %x, version %x\n", version.value >> 24,
        version.value & 0xffffff, SBI(BASE, 1).value, SBI(BASE, 2).value);
    check_error(SBI(BASE, 1), SUCCESS, "get_impl_id");
    check_error(SBI(BASE, 2), SUCCESS, "get_impl_version");
    check_error(SBI(BASE, 4), SUCCESS, "get_mvendorid");
    check_error(SBI(BASE, 5), SUCCESS, "get_marchid");
    check_error(SBI(BASE, 6), SUCCESS, "get_mimpid");
    check(has_extension(BASE), "probe base");
    check(has_extension(TIME), "probe TIME");
    check(has_extension(IPI), "probe IPI");
    check(has_extension(RFENCE), "probe RFENCE");
    check(has_extension(HSM), "probe HSM");
    check(has_extension(SRST), "probe SRST");
    check(has_extension(PMU), "probe PMU");
    check(has_extension(DBCN), "probe DBCN");
    check_value(SBI(BASE, 3, 0x11), 0, "probe an unknown extension");
    check_value(SBI(BASE, 3, 0xffffffffffffffff), 0, "probe another");
    test_unknown();
    test_registers();
}
