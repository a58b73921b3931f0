// Every system call, with pointers and numbers that mean no good.  Each call may fail as it likes; the
// kernel must stay, no result may be a number that is no error, and this process's memory must be as
// it was.

#include "test.h"

enum { CALLS = 470, ROUNDS = 6 };

static u64 *guard;
static u64 state = 99;

// Those that end or stop the caller, or change what the test needs.
static bool leave_out(u64 number)
{
    switch (number) {
    case 93: case 94: case 139: case 142: case 131: case 129: case 130: case 138: case 240: case 215:
    case 222: case 226: case 216: case 233: case 214: case 221: case 281: case 220: case 435: case 133:
    case 137: case 95: case 260: case 72: case 73: case 22: case 441: case 101: case 115: case 98: case 134:
    case 135: case 103: case 57: case 436: case 24: case 132: case 99: case 96: case 64: case 66: case 68: case 70:
    case 287: case 71: case 128: case 35: case 61: case 29: case 49: case 50:
        return true;
    }
    return false;
}

static u64 bad_value(void)
{
    static const u64 values[] = {
        0, 1, 8, 0x1000, 0x3ffffffff8, 0x3fffffffff, 0x4000000000, 0xffffffff80200000, 0xffffffc080200000,
        0x8000000000000000, 0x7fffffffffffffff, 0xffffffffffffffff, 0xfffffffffffff000, 0xffffffff, 0x7fffffff,
    };
    return values[random(&state) % LENGTH(values)];
}

static void try(u64 number, bool dangerous)
{
    for (u64 round = 0; round < ROUNDS; round++) {
        i64 result = call(number, bad_value(), bad_value(), bad_value(), bad_value(), bad_value(), bad_value());
        if (!dangerous && result < 0 && result < -4095)
            fail("a result that is no error", number);
        for (u64 i = 0; i < 512; i++)
            CHECK(guard[i] == i);
    }
}

int main(void)
{
    u32 status;
    u64 children = 0;

    guard = map(PAGE, READ_RIGHT | WRITE_RIGHT, MAP_PRIVATE);
    for (u64 i = 0; i < 512; i++)
        guard[i] = i;
    for (u64 number = 0; number < CALLS; number++) {
        if (!leave_out(number)) {
            try(number, false);
            continue;
        }
        // In a process of its own, with an alarm for calls that wait for ever.
        i64 child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            u64 timer[4] = { 0, 0, 0, 20000 };
            CALL3(103, 0, timer, 0);
            state += number;
            if (number != 129 || random(&state) != 0) {
                if (number == 129 || number == 130 || number == 131 || number == 138 || number == 240)
                    call(number, 0x7ffffff0, bad_value() | 128, bad_value(), bad_value(), 0, 0);
                else
                    try(number, true);
            }
            CALL1(EXIT_GROUP, 0);
        }
        while (wait_for(-1, &status) > 0) // a clone may have made more of them
            children++;
    }
    for (u64 i = 0; i < 512; i++)
        CHECK(guard[i] == i);
    say("pointers: %d system calls with bad arguments, and the kernel is still here\n", (u64)CALLS);
    return 0;
}
