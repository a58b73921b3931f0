// Finds the harts, the memory and the devices in the device tree.

#include "platform.h"
#include "firmware.h"

struct platform platform;

// The handles of the harts' interrupt controllers, by which a timer says whose it is.
static u32 controllers[MAX_HARTS];
// What syscon-poweroff and syscon-reboot refer to.
struct syscon {
    u32 regmap, offset;
    u64 base;
};
static struct syscon poweroff, reboot;
static char console_path[128];

static void add_memory(const struct fdt_walk *walk)
{
    u64 base, size;

    for (u32 i = 0; fdt_reg(walk, i, &base, &size); i++) {
        if (size > 0 && platform.memory_regions < LENGTH(platform.memory))
            platform.memory[platform.memory_regions++] = (struct region){ base, size };
    }
}

// `riscv,isa-extensions` is a list of texts, `riscv,isa` one text with underscores.
static bool has_extension(const struct fdt_walk *walk, const char *name)
{
    u32 size;
    u64 length = strlen(name);
    const char *list = (const char *)fdt_property(walk, "riscv,isa-extensions", &size);

    if (list == NULL)
        list = (const char *)fdt_property(walk, "riscv,isa", &size);
    if (list == NULL)
        return false;
    for (u32 at = 0; at + length < size; at++) {
        bool starts = at == 0 || list[at - 1] == 0 || list[at - 1] == '_';
        bool ends = list[at + length] == 0 || list[at + length] == '_';

        if (starts && ends && memcmp(list + at, name, length) == 0)
            return true;
    }
    return false;
}

static void read_hart(const struct fdt_walk *walk, u32 hart)
{
    const char *mmu = fdt_text(walk, "mmu-type");

    if (hart >= MAX_HARTS || !fdt_enabled(walk))
        return;
    if (mmu != NULL && same(mmu, "riscv,none"))
        return;
    platform.harts |= BIT(hart);
    if (has_extension(walk, "svade"))
        platform.svade |= BIT(hart);
}

static void remember_console(const char *path)
{
    u64 length = strlen(path);

    if (length < sizeof(console_path))
        memcpy(console_path, path, length + 1);
}

static bool has_word(const char *text, const char *word)
{
    while (*text != 0) {
        u64 length = 0;

        while (word[length] != 0 && text[length] == word[length])
            length++;
        if (word[length] == 0 && (text[length] == 0 || text[length] == ' '))
            return true;
        while (*text != 0 && *text != ' ')
            text++;
        while (*text == ' ')
            text++;
    }
    return false;
}

// The first walk: what the second needs to know.
static void read_harts_and_memory(const struct fdt *fdt)
{
    struct fdt_walk walk;
    int hart_depth = -1;
    u32 hart = 0, handle;
    const char *text;

    for (fdt_start(&walk, fdt); fdt_next(&walk);) {
        const char *type = fdt_text(&walk, "device_type");

        if (type != NULL && same(type, "cpu")) {
            if (walk.depth > 0 && fdt_cell(&walk, "reg", walk.address_cells[walk.depth - 1] - 1, &hart)) {
                hart_depth = walk.depth;
                read_hart(&walk, hart);
            }
        } else if (fdt_compatible(&walk, "riscv,cpu-intc")) {
            if (walk.depth == hart_depth + 1 && hart < MAX_HARTS
                && fdt_cell(&walk, "phandle", 0, &handle))
                controllers[hart] = handle;
        } else if (type != NULL && same(type, "memory")) {
            if (fdt_enabled(&walk))
                add_memory(&walk);
        } else if (fdt_compatible(&walk, "cfi-flash")) {
            add_memory(&walk);
        } else if (walk.depth == 1 && same(walk.name[1], "chosen")) {
            text = fdt_text(&walk, "stdout-path");
            if (text != NULL)
                remember_console(text);
            text = fdt_text(&walk, "bootargs");
            if (text != NULL)
                platform.quiet = has_word(text, "sbi.quiet");
        } else if (fdt_compatible(&walk, "syscon-poweroff")) {
            fdt_cell(&walk, "regmap", 0, &poweroff.regmap);
        } else if (fdt_compatible(&walk, "syscon-reboot")) {
            fdt_cell(&walk, "regmap", 0, &reboot.regmap);
        }
    }
}

// `stdout-path` may name an alias instead of a path.
static void follow_alias(const struct fdt *fdt)
{
    struct fdt_walk walk;
    char alias[32];
    u64 length;
    const char *path;

    if (console_path[0] == '/' || console_path[0] == 0)
        return;
    for (length = 0; console_path[length] != 0 && console_path[length] != ':'; length++)
        if (length + 1 == sizeof(alias))
            return;
    memcpy(alias, console_path, length);
    alias[length] = 0;
    console_path[0] = 0;
    for (fdt_start(&walk, fdt); fdt_next(&walk);) {
        if (walk.depth == 1 && same(walk.name[1], "aliases")) {
            path = fdt_text(&walk, alias);
            if (path != NULL)
                remember_console(path);
        }
    }
}

// `interrupts-extended` is a list of (controller, interrupt): the n-th entry for an interrupt is for
// the n-th register.  It says whose the register is.
static void read_timer(const struct fdt_walk *walk, u32 interrupt, u64 *registers, u64 base, u64 stride)
{
    u32 handle, number, nth = 0;

    for (u32 i = 0; fdt_cell(walk, "interrupts-extended", i, &handle)
                    && fdt_cell(walk, "interrupts-extended", i + 1, &number); i += 2) {
        if (number != interrupt)
            continue;
        for (u32 hart = 0; hart < MAX_HARTS; hart++)
            if (controllers[hart] == handle && handle != 0)
                registers[hart] = base + nth * stride;
        nth++;
    }
}

enum { MACHINE_SOFTWARE = 3, MACHINE_TIMER = 7 };

static void read_uart(const struct fdt_walk *walk, u64 base)
{
    bool named = fdt_path_is(walk, console_path);
    struct uart *uart = &platform.uart;

    // The first one, or the one that /chosen names.
    if (uart->base != 0 && !named)
        return;
    *uart = (struct uart){ base, 0, 1 };
    fdt_cell(walk, "reg-shift", 0, &uart->shift);
    fdt_cell(walk, "reg-io-width", 0, &uart->width);
    if (uart->shift > 8 || (uart->width != 1 && uart->width != 2 && uart->width != 4))
        uart->base = 0;
}

static void read_switch(const struct fdt_walk *walk, struct switch_register *power, struct syscon *syscon)
{
    power->mask = ~0u;
    fdt_cell(walk, "mask", 0, &power->mask);
    if (!fdt_cell(walk, "value", 0, &power->value))
        power->value = power->mask;
    fdt_cell(walk, "offset", 0, &syscon->offset);
}

static void read_device(const struct fdt_walk *walk)
{
    u64 base, size, second, second_size;
    u32 handle = 0;

    if (fdt_compatible(walk, "syscon-poweroff"))
        read_switch(walk, &platform.poweroff, &poweroff);
    else if (fdt_compatible(walk, "syscon-reboot"))
        read_switch(walk, &platform.reboot, &reboot);
    if (!fdt_reg(walk, 0, &base, &size))
        return;
    fdt_cell(walk, "phandle", 0, &handle);
    if (handle != 0 && handle == poweroff.regmap)
        poweroff.base = base;
    if (handle != 0 && handle == reboot.regmap)
        reboot.base = base;

    if (fdt_compatible(walk, "ns16550a") || fdt_compatible(walk, "ns16550")
        || fdt_compatible(walk, "snps,dw-apb-uart")) {
        read_uart(walk, base);
    } else if (fdt_compatible(walk, "sifive,test0") || fdt_compatible(walk, "sifive,test1")) {
        platform.finisher = base;
    } else if (fdt_compatible(walk, "riscv,clint0") || fdt_compatible(walk, "sifive,clint0")) {
        read_timer(walk, MACHINE_SOFTWARE, platform.msip, base, 4);
        read_timer(walk, MACHINE_TIMER, platform.mtimecmp, base + 0x4000, 8);
        platform.mtime = base + 0xbff8;
    } else if (fdt_compatible(walk, "riscv,aclint-mswi")) {
        read_timer(walk, MACHINE_SOFTWARE, platform.msip, base, 4);
    } else if (fdt_compatible(walk, "riscv,aclint-mtimer")) {
        // First mtime, then the array of mtimecmp.
        platform.mtime = base;
        if (fdt_reg(walk, 1, &second, &second_size))
            read_timer(walk, MACHINE_TIMER, platform.mtimecmp, second, 8);
    }
}

void platform_read(const struct fdt *fdt, u64 this_hart)
{
    struct fdt_walk walk;

    read_harts_and_memory(fdt);
    follow_alias(fdt);
    for (fdt_start(&walk, fdt); fdt_next(&walk);)
        if (fdt_enabled(&walk))
            read_device(&walk);
    if (poweroff.base != 0)
        platform.poweroff.address = poweroff.base + poweroff.offset;
    if (reboot.base != 0)
        platform.reboot.address = reboot.base + reboot.offset;
    // A tree without harts, or none at all: at least we are here.
    platform.harts |= BIT(this_hart);
}

bool platform_has_hart(u64 hart)
{
    return hart < MAX_HARTS && (platform.harts >> hart & 1) != 0;
}

// Whether S-mode may have [base, base + size): all of it is memory and none of it ours.  The PMP
// entry would stop S-mode itself; this is for what the firmware does in its name.
bool platform_is_memory(u64 base, u64 size)
{
    if (base + size < base)
        return false;
    if (base < FIRMWARE_END && base + size > FIRMWARE_START)
        return false;
    for (u32 i = 0; i < platform.memory_regions; i++) {
        struct region region = platform.memory[i];

        if (base >= region.base && size <= region.size && base - region.base <= region.size - size)
            return true;
    }
    // Without a tree we know of no memory, and believe what we are told.
    return platform.memory_regions == 0;
}
