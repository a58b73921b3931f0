// The debug console.  S-mode gives physical addresses.

#include "firmware.h"

enum { CONSOLE_WRITE, CONSOLE_READ, CONSOLE_WRITE_BYTE };
enum { CHUNK = 64 };

static struct sbiret console_write(u64 size, u64 address)
{
    u8 bytes[CHUNK];
    u64 done = 0;

    while (done < size) {
        u64 want = size - done < CHUNK ? size - done : CHUNK;
        u64 have = physical_load(address + done, bytes, want), sent;

        lock_take(&console_lock);
        for (sent = 0; sent < have && uart_put(bytes[sent]); sent++)
            ;
        lock_release(&console_lock);
        done += sent;
        if (sent < have && done == 0)
            return sbi_error(SBI_ERR_FAILED);
        if (have < want && done == 0)
            return sbi_error(SBI_ERR_INVALID_PARAM);
        if (sent < want)
            break;
        event_poll();
    }
    return sbi_value(done);
}

// Takes what is there and does not wait.
static struct sbiret console_read(u64 size, u64 address)
{
    u64 done = 0;
    u8 probe;

    // Before a byte is taken from the console there must be a place for it.
    if (size > 0 && (physical_load(address, &probe, 1) != 1 || physical_store(address, &probe, 1) != 1))
        return sbi_error(SBI_ERR_INVALID_PARAM);
    lock_take(&console_lock);
    while (done < size) {
        int got = uart_get();
        u8 byte = got;

        if (got < 0 || physical_store(address + done, &byte, 1) != 1)
            break;
        done++;
    }
    lock_release(&console_lock);
    return sbi_value(done);
}

static struct sbiret console_write_byte(u8 byte)
{
    bool sent;

    lock_take(&console_lock);
    sent = uart_put(byte);
    lock_release(&console_lock);
    return sbi_error(sent ? SBI_SUCCESS : SBI_ERR_FAILED);
}

struct sbiret sbi_dbcn(u64 function, const u64 *argument)
{
    if (function == CONSOLE_WRITE_BYTE)
        return console_write_byte(argument[0]);
    if (function != CONSOLE_WRITE && function != CONSOLE_READ)
        return sbi_error(SBI_ERR_NOT_SUPPORTED);
    // No memory is above 64 bits.
    if (argument[2] != 0 || !platform_is_memory(argument[1], argument[0]))
        return sbi_error(SBI_ERR_INVALID_PARAM);
    return function == CONSOLE_WRITE ? console_write(argument[0], argument[1])
                                     : console_read(argument[0], argument[1]);
}
