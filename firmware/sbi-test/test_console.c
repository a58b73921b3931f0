// The debug console, and that it does not become a way to the firmware's memory.

#include "check.h"

static char line[] = "(this line comes through DBCN)\n";
static u8 page[8192];

static bool refused(u64 size, u64 address, const char *what)
{
    struct sbiret got = SBI(DBCN, 0, size, address);

    check_error(got, INVALID_PARAM, "console_write %s", what);
    return got.error == INVALID_PARAM;
}

void test_console(void)
{
    u64 length = sizeof(line) - 1, guard = 0x5a;
    struct sbiret got;

    got = SBI(DBCN, 0, length, line, 0);
    check_value(got, length, "console_write writes all");
    check_value(SBI(DBCN, 0, 0, line, 0), 0, "console_write of nothing");
    check_error(SBI(DBCN, 0, length, line, 1), INVALID_PARAM, "console_write beyond 64 bits");
    refused(16, FIRMWARE, "from the firmware");
    refused(1, FIRMWARE + 0x1000, "from within the firmware");
    // Firmware that writes these would write all the rest without end.
    if (refused(32, FIRMWARE - 16, "from before the firmware into it") && refused(32, -16UL, "around the end of the address space")) {
        refused(0x400000, FIRMWARE - 0x1000, "from around the firmware");
        refused(-(u64)line, (u64)line, "to the end of the address space");
        refused(~0UL, (u64)line, "of 2^64 - 1 bytes");
    } else {
        skip("console_write of very much");
    }
    check_error(SBI(DBCN, 1, 16, FIRMWARE, 0), INVALID_PARAM, "console_read into the firmware");
    check_error(SBI(DBCN, 1, 16, FIRMWARE + 0x1000, 0), INVALID_PARAM, "console_read within the firmware");
    check_error(SBI(DBCN, 1, 16, page, 1), INVALID_PARAM, "console_read beyond 64 bits");
    check_value(SBI(DBCN, 1, 0, page, 0), 0, "console_read of nothing");
    page[0] = guard;
    got = SBI(DBCN, 1, 1, page, 0);
    check(got.error == SUCCESS && (got.value == 1 || (got.value == 0 && page[0] == guard)),
          "console_read does not wait, nor write what it has not");
    check_value(SBI(DBCN, 2, 0x100 | '\n'), 0, "console_write_byte takes a byte");
}
