// What the device tree says about the board, read once at boot.
#pragma once

#include "fdt.h"
#include "layout.h"
#include "types.h"

struct region {
    u64 base, size;
};

struct uart {
    u64 base; // 0: there is none
    u32 shift, width;
};

// A store that switches the machine off or resets it.
struct switch_register {
    u64 address; // 0: there is none
    u32 value, mask;
};

struct platform {
    u32 harts; // a bit for each hart that may run S-mode
    u32 svade; // a bit for each hart whose page-table entries software must mark (Svade)
    u64 msip[MAX_HARTS], mtimecmp[MAX_HARTS], mtime; // 0: there is none
    struct uart uart;
    bool quiet; // the command line has the word sbi.quiet: only what goes wrong is said
    u64 finisher; // SiFive's test finisher; 0: there is none
    struct switch_register poweroff, reboot;
    // Where S-mode may run: RAM and flash.
    struct region memory[8];
    u32 memory_regions;
};

extern struct platform platform;

void platform_read(const struct fdt *fdt, u64 this_hart);
bool platform_has_hart(u64 hart);
bool platform_is_memory(u64 base, u64 size);
