// The end: switching the machine off, resetting it, and giving up.

#include "firmware.h"
#include "mmio.h"

// SiFive's test finisher: the low half says what happens, the high half is an exit code.
enum { FINISHER_FAIL = 0x3333, FINISHER_PASS = 0x5555, FINISHER_RESET = 0x7777 };

bool finisher_can(enum reset_type type)
{
    if (platform.finisher != 0)
        return true;
    return (type == RESET_SHUTDOWN ? platform.poweroff : platform.reboot).address != 0;
}

static void press(const struct switch_register *power)
{
    u32 value;

    if (power->address == 0)
        return;
    value = power->value;
    if (power->mask != ~0u)
        value = (mmio_read32(power->address) & ~power->mask) | (power->value & power->mask);
    mmio_write32(power->address, value);
}

// Comes back only if nothing happened.
void finisher_reset(enum reset_type type, bool failure)
{
    if (platform.finisher != 0) {
        if (type != RESET_SHUTDOWN)
            mmio_write32(platform.finisher, FINISHER_RESET);
        else if (failure)
            mmio_write32(platform.finisher, 1 << 16 | FINISHER_FAIL);
        else
            mmio_write32(platform.finisher, FINISHER_PASS);
    }
    press(type == RESET_SHUTDOWN ? &platform.poweroff : &platform.reboot);
    // A device may need a moment.
    for (volatile u32 i = 0; i < 1000000; i++)
        ;
}

static void stop(void) __attribute__((noreturn));
static void stop(void)
{
    finisher_reset(RESET_SHUTDOWN, true);
    for (;;)
        wait_for_interrupt();
}

void panic(const char *why)
{
    print(FIRMWARE_NAME ": %s\n", why);
    stop();
}

// A trap out of the firmware itself.
void panic_trap(u64 cause, u64 pc, u64 value, u64 hart)
{
    print("\n" FIRMWARE_NAME ": unexpected trap in M-mode: cause %x, epc %x, tval %x, hart %d\n",
          cause, pc, value, hart);
    stop();
}
