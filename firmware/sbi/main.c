// The order of things at boot.

#include "firmware.h"

extern u32 boot_ready;

static struct fdt tree;

// The largest tree, and what is added to it.
#define TREE_ROOM (FDT_MAX_SIZE + 0x10000UL)

// The tree that is handed on stands right behind the firmware, in memory that the next stage may
// use; if that is not free, the next stage gets the tree that we got.
static u64 hand_on_tree(u64 given, const struct next_stage *next)
{
    u64 to = FIRMWARE_END, room = TREE_ROOM;

    if (tree.blob == NULL || fdt_is_reserved(&tree, FIRMWARE_START, FIRMWARE_SIZE))
        return given;
    if (given >= to && given - to < next->address - to && given - to < TREE_ROOM)
        to = (given + tree.size + 15) & ~15UL; // ours stands there already: behind it
    if (next->address >= FIRMWARE_END && next->address < to + room)
        room = next->address > to ? next->address - to : 0;
    if (!platform_is_memory(to, room))
        return given;
    if (fdt_copy_with_reservation(&tree, to, room, FIRMWARE_START, FIRMWARE_SIZE) == 0) {
        print("no room for a device tree that reserves the firmware's memory\n");
        return given;
    }
    return to;
}

static u32 count(u32 set)
{
    u32 members = 0;

    for (; set != 0; set &= set - 1)
        members++;
    return members;
}

// The first hart to arrive.
void boot_first(u64 hart, u64 tree_address, u64 next_info)
{
    struct next_stage next;
    u64 boot_hart;

    fdt_open(&tree, tree_address);
    platform_read(&tree, hart);
    uart_open();
    hsm_open();
    hart_prepare();
    next = next_stage_read(next_info);
    boot_hart = platform_has_hart(next.preferred_hart) ? next.preferred_hart : hart;
    if (!platform_is_memory(next.address, 4))
        panic("the next stage is not in memory that it may use");
    tree_address = hand_on_tree(tree_address, &next);
    if (!platform.quiet)
        print(FIRMWARE_NAME " %d.%d: SBI 2.0, %d hart%s, hart %d boots at %x\n", (u64)FIRMWARE_MAJOR,
              (u64)FIRMWARE_MINOR, (u64)count(platform.harts), count(platform.harts) == 1 ? "" : "s",
              boot_hart, next.address);

    __atomic_store_n(&boot_ready, 1, __ATOMIC_SEQ_CST);
    // As every hart that starts: through the hart state management.
    hsm_start(boot_hart, next.address, tree_address);
    hsm_wait_for_start();
}

// All others, once the first is done.
void boot_other(u64 hart)
{
    if (!platform_has_hart(hart)) {
        for (;;)
            wait_for_interrupt();
    }
    hart_prepare();
    hsm_wait_for_start();
}
