// The serial line, and the ends of the machine.

#include "kernel.h"
#include "../sbi/mmio.h"
#include "csr.h"

enum { UART_DATA = 0, UART_ENABLE = 1, UART_STATUS = 5 };
enum { UART_RECEIVED = 1, UART_EMPTY = 0x20 };
enum { FINISHER_FAIL = 0x3333, FINISHER_PASS = 0x5555 };
enum { SBI_LEGACY_PUT = 1, SBI_SRST = 0x53525354 };

i64 log_level = 2;

static i64 sbi_call(u64 extension, u64 function, u64 argument0, u64 argument1)
{
    register u64 a0 asm("a0") = argument0;
    register u64 a1 asm("a1") = argument1;
    register u64 a6 asm("a6") = function;
    register u64 a7 asm("a7") = extension;

    asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
    return a0;
}

static void put_raw(char c)
{
    u64 uart = platform.uart + DIRECT;

    if (platform.uart == 0) {
        sbi_call(SBI_LEGACY_PUT, 0, (u8)c, 0);
        return;
    }
    while ((mmio_read8(uart + UART_STATUS) & UART_EMPTY) == 0)
        ;
    mmio_write8(uart + UART_DATA, c);
}

void console_put(char c)
{
    if (c == '\n')
        put_raw('\r');
    put_raw(c);
}

// What a program writes: no carriage returns are added unless it is a terminal's output.
void console_write(const char *text, u64 size)
{
    while (size-- != 0)
        put_raw(*text++);
}

// The next character, or -1.
int console_get(void)
{
    u64 uart = platform.uart + DIRECT;

    if (platform.uart == 0 || (mmio_read8(uart + UART_STATUS) & UART_RECEIVED) == 0)
        return -1;
    return mmio_read8(uart + UART_DATA);
}

// From now on a character that comes interrupts.
void console_start(void)
{
    if (platform.uart != 0)
        mmio_write8(platform.uart + DIRECT + UART_ENABLE, 1);
}

void machine_end(u32 code)
{
    if (platform.finisher != 0)
        mmio_write32(platform.finisher + DIRECT, code == 0 ? FINISHER_PASS : code << 16 | FINISHER_FAIL);
    sbi_call(SBI_SRST, 0, 0, code != 0);
    for (;;)
        wait_for_interrupt();
}

void panic(const char *format, ...)
{
    char text[200];
    __builtin_va_list arguments;

    __builtin_va_start(arguments, format);
    format_arguments(text, sizeof(text), format, arguments);
    __builtin_va_end(arguments);
    print(NAME ": panic: %s\n", text);
    machine_end(125);
}

void stack_overflow(void)
{
    panic("a kernel stack is full (pc 0x%x)", csr_read(sepc));
}
