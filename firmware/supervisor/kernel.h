// What every part of the kernel uses: text, memory, printing, giving up.
#pragma once

#include "layout.h"
#include "types.h"

#define NAME "supervisor"

void memmove(void *to, const void *from, u64 size);
void copy_page(void *to, const void *from);
void clear_page(void *page);
bool starts_with(const char *text, const char *beginning);
i64 read_number(const char **text);

// %s text, %d decimal, %i signed, %x hexadecimal, %c a character; numbers have 64 bits.
void print(const char *format, ...);
u64 format_text(char *to, u64 room, const char *format, ...);
u64 format_arguments(char *to, u64 room, const char *format, __builtin_va_list arguments);
void panic(const char *format, ...) __attribute__((noreturn));
void machine_end(u32 code) __attribute__((noreturn));
void stack_overflow(void) __attribute__((noreturn));

// How much the kernel says: 0 nothing, 1 why a process was killed, 2 warnings, 3 more.
extern i64 log_level;
#define LOG(level, ...) do { if (log_level >= (level)) print(NAME ": " __VA_ARGS__); } while (0)

// What the device tree says (platform.c).
#define VIRTIO_MAX 32
struct platform {
    u64 ram_base, ram_end;
    u64 uart, finisher, rtc, plic;
    u32 uart_interrupt;
    u64 virtio[VIRTIO_MAX];
    u32 virtio_interrupt[VIRTIO_MAX];
    u32 virtio_count;
    u32 plic_context;
    u64 timebase;
    bool has_sstc;
    u64 reserved[16][2];
    u32 reserved_count;
    u8 seed[64];
    u32 seed_size;
};
extern struct platform platform;
void platform_read(u64 hart);
extern u8 device_tree[];
#define DEVICE_TREE_MAX 65536

void console_put(char c);
void console_write(const char *text, u64 size);
int console_get(void);
void console_start(void);

void random_start(void);
void random_bytes(u8 *to, u64 size);
u64 random_number(void);

// The kernel's own objects, up to a page each; they come cleared.
void *allocate(u64 size);
void release(void *object);
char *copy_text(const char *text);

static inline void *direct(u64 physical)
{
    return (void *)(physical + DIRECT);
}
static inline u64 physical_of(const void *pointer)
{
    u64 at = (u64)pointer;
    return at >= IMAGE ? at - IMAGE_OFFSET : at - DIRECT;
}
