// The 16550A: a console of bytes.

#include "firmware.h"
#include "mmio.h"

enum { DATA = 0, INTERRUPT_ENABLE = 1, FIFO_CONTROL = 2, LINE_CONTROL = 3, MODEM_CONTROL = 4, LINE_STATUS = 5 };
enum { FIFO_ON_AND_EMPTY = 7, EIGHT_BITS = 3, DTR_AND_RTS = 3 };
enum { DATA_READY = 1, TRANSMITTER_EMPTY = 32 };

// A transmitter that does not get empty in so many looks is broken.
#define PATIENCE 10000000

static u32 read(u32 number)
{
    u64 at = platform.uart.base + ((u64)number << platform.uart.shift);

    switch (platform.uart.width) {
    case 1: return mmio_read8(at);
    case 2: return mmio_read16(at);
    default: return mmio_read32(at);
    }
}

static void write(u32 number, u32 value)
{
    u64 at = platform.uart.base + ((u64)number << platform.uart.shift);

    switch (platform.uart.width) {
    case 1: mmio_write8(at, value); break;
    case 2: mmio_write16(at, value); break;
    default: mmio_write32(at, value); break;
    }
}

// The speed is left as it is: an emulator has none, and on a board someone has set it.
void uart_open(void)
{
    if (platform.uart.base == 0)
        return;
    write(INTERRUPT_ENABLE, 0);
    write(LINE_CONTROL, EIGHT_BITS);
    write(FIFO_CONTROL, FIFO_ON_AND_EMPTY);
    write(MODEM_CONTROL, DTR_AND_RTS);
}

bool uart_put(u8 byte)
{
    if (platform.uart.base == 0)
        return false;
    for (u32 looks = 0; (read(LINE_STATUS) & TRANSMITTER_EMPTY) == 0; looks++)
        if (looks == PATIENCE)
            return false;
    write(DATA, byte);
    return true;
}

// The next byte, -1 if there is none.
int uart_get(void)
{
    if (platform.uart.base == 0 || (read(LINE_STATUS) & DATA_READY) == 0)
        return -1;
    return read(DATA) & 0xff;
}
