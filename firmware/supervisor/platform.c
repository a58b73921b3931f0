// What machine this is: the device tree says where RAM and the devices are.

#include "kernel.h"
#include "fdt.h"

struct platform platform;
u8 device_tree[DEVICE_TREE_MAX] __attribute__((section(".uncleared"), aligned(8)));

static void read_memory(const struct fdt_walk *walk)
{
    const char *kind = fdt_text(walk, "device_type");
    u64 base, size;

    if (kind == NULL || !same(kind, "memory"))
        return;
    for (u32 i = 0; fdt_reg(walk, i, &base, &size); i++)
        if (base <= IMAGE - IMAGE_OFFSET && IMAGE - IMAGE_OFFSET < base + size) {
            platform.ram_base = base;
            platform.ram_end = MIN(base + size, (u64)DIRECT_SIZE);
        }
}

static void read_reserved(const struct fdt_walk *walk)
{
    u64 base, size;

    if (walk->depth != 2 || !same(walk->name[1], "reserved-memory"))
        return;
    for (u32 i = 0; fdt_reg(walk, i, &base, &size); i++)
        if (platform.reserved_count < LENGTH(platform.reserved)) {
            platform.reserved[platform.reserved_count][0] = base;
            platform.reserved[platform.reserved_count++][1] = base + size;
        }
}

static void read_processor(const struct fdt_walk *walk)
{
    u32 size, frequency;
    const char *extensions;

    if (fdt_cell(walk, "timebase-frequency", 0, &frequency))
        platform.timebase = frequency;
    extensions = (const char *)fdt_property(walk, "riscv,isa-extensions", &size);
    if (extensions != NULL && size != 0 && extensions[size - 1] == 0)
        for (u32 at = 0; at < size; at += strlen(extensions + at) + 1)
            if (same(extensions + at, "sstc"))
                platform.has_sstc = true;
    extensions = fdt_text(walk, "riscv,isa");
    if (extensions != NULL)
        for (; *extensions != 0; extensions++)
            if (starts_with(extensions, "_sstc"))
                platform.has_sstc = true;
}

// The PLIC's contexts are numbered in the order of `interrupts-extended`; ours is the hart's
// first for interrupt 9.  Which phandle is which hart's is not looked up: harts come in order.
static void read_plic(const struct fdt_walk *walk, u64 base, u64 hart)
{
    u32 phandle, interrupt, seen = 0;

    platform.plic = base;
    for (u32 i = 0; fdt_cell(walk, "interrupts-extended", 2 * i, &phandle)
                    && fdt_cell(walk, "interrupts-extended", 2 * i + 1, &interrupt); i++)
        if (interrupt == 9 && seen++ == hart) // 9: supervisor external
            platform.plic_context = i;
}

static void read_device(const struct fdt_walk *walk, u64 hart)
{
    u64 base, size;
    u32 interrupt = 0;

    if (!fdt_enabled(walk) || !fdt_reg(walk, 0, &base, &size) || base >= platform.ram_base)
        return;
    fdt_cell(walk, "interrupts", 0, &interrupt);
    if (fdt_compatible(walk, "ns16550a")) {
        platform.uart = base;
        platform.uart_interrupt = interrupt;
    } else if (fdt_compatible(walk, "sifive,test0")) {
        platform.finisher = base;
    } else if (fdt_compatible(walk, "google,goldfish-rtc")) {
        platform.rtc = base;
    } else if (fdt_compatible(walk, "sifive,plic-1.0.0") || fdt_compatible(walk, "riscv,plic0")) {
        read_plic(walk, base, hart);
    } else if (fdt_compatible(walk, "virtio,mmio") && platform.virtio_count < VIRTIO_MAX) {
        platform.virtio[platform.virtio_count] = base;
        platform.virtio_interrupt[platform.virtio_count++] = interrupt;
    }
}

void platform_read(u64 hart)
{
    struct fdt fdt;
    struct fdt_walk walk;
    const u8 *seed;

    platform.timebase = 10000000;
    fdt_open(&fdt, (u64)device_tree);
    for (fdt_start(&walk, &fdt); fdt_next(&walk);)
        read_memory(&walk);
    for (fdt_start(&walk, &fdt); fdt_next(&walk);) {
        read_reserved(&walk);
        read_processor(&walk);
        read_device(&walk, hart);
        seed = fdt_property(&walk, "rng-seed", &platform.seed_size);
        if (seed != NULL) {
            platform.seed_size = MIN(platform.seed_size, (u32)sizeof(platform.seed));
            memcpy(platform.seed, seed, platform.seed_size);
        }
    }
}
