// Page tables.  Three levels of 512 entries: level 2 has one for each GiB, level 1 for each 2 MiB,
// level 0 for each page.  A leaf may stand at any of them.

#include "csr.h"
#include "memory.h"

#define TABLE __attribute__((section(".uncleared"), aligned(PAGE)))
typedef u64 table[512];

extern u8 image_start[], rodata_start[], data_start[], image_end[];

// The kernel's tables.  Every address space begins as a copy of the root, so what the root points to
// must be there from the start: its upper half never changes again.
static table root TABLE, image_1 TABLE, image_0 TABLE, stacks_1 TABLE;
static table devices_1 TABLE, first_1 TABLE, first_0 TABLE, last_1 TABLE;

#define KERNEL (PTE_G | PTE_A | PTE_D)
#define INDEX(va, level) ((va) >> (12 + 9 * (level)) & 511)

static u64 pointer(u64 physical)
{
    return physical >> 12 << PTE_FRAME_SHIFT | PTE_V;
}

static void clear_table(u64 *entries)
{
    for (int i = 0; i < 512; i++)
        entries[i] = 0;
}

// Runs before translation is on: addresses are physical here.  Gives the value for satp.
u64 boot_tables(const u8 *tree)
{
    u64 size = (u64)tree[4] << 24 | tree[5] << 16 | tree[6] << 8 | tree[7];
    u64 start = (u64)image_start, end = (u64)image_end;

    clear_table(root), clear_table(image_1), clear_table(image_0), clear_table(stacks_1);
    clear_table(devices_1), clear_table(first_1), clear_table(first_0), clear_table(last_1);
    root[INDEX(IMAGE, 2)] = pointer((u64)image_1);
    image_1[INDEX(IMAGE, 1)] = pointer((u64)image_0);
    for (u64 at = start; at < end; at += PAGE) {
        u64 rights = at < (u64)rodata_start ? PTE_R | PTE_X
                   : at < (u64)data_start ? PTE_R : PTE_R | PTE_W;
        image_0[INDEX(at, 0)] = leaf(at, rights | KERNEL);
    }
    root[INDEX(STACKS, 2)] = pointer((u64)stacks_1);
    // The device tree lies somewhere in RAM, which will have other uses.
    if (size > DEVICE_TREE_MAX)
        size = 0;
    for (u64 at = 0; at < size; at++)
        device_tree[at] = tree[at];
    return SATP_SV39 | (u64)root >> 12;
}

static void map_device(u64 physical)
{
    u64 *table_0, *entry = &devices_1[INDEX(physical, 1)];

    if (physical == 0 || physical >= GIB)
        return;
    if (*entry == 0)
        *entry = pointer(frame_take_clear(FRAME_KERNEL));
    table_0 = direct(entry_physical(*entry));
    table_0[INDEX(physical, 0)] = leaf(physical, PTE_R | PTE_W | KERNEL);
}

// The direct map: with pages of 1 GiB where all of it is RAM, with pages of 2 MiB in the rest, and
// with pages of 4 KiB next to the image, which is left out: so no second mapping makes its code
// writable.  What lies below the image belongs to the firmware and is not mapped.
static void map_ram(void)
{
    u64 image = ROUND_DOWN(physical_of(image_start), LARGE_PAGE);
    u64 end = ROUND_DOWN(platform.ram_end, LARGE_PAGE);
    u64 gib = ROUND_DOWN(image, GIB);

    root[INDEX(DIRECT + gib, 2)] = pointer(physical_of(first_1));
    first_1[INDEX(image, 1)] = pointer(physical_of(first_0));
    for (u64 at = physical_of(image_end); at < image + LARGE_PAGE; at += PAGE)
        first_0[INDEX(at, 0)] = leaf(at, PTE_R | PTE_W | KERNEL);
    for (u64 at = image + LARGE_PAGE; at < MIN(end, gib + GIB); at += LARGE_PAGE)
        first_1[INDEX(at, 1)] = leaf(at, PTE_R | PTE_W | KERNEL);
    for (gib += GIB; gib + GIB <= end; gib += GIB)
        root[INDEX(DIRECT + gib, 2)] = leaf(gib, PTE_R | PTE_W | KERNEL);
    if (gib >= end)
        return;
    root[INDEX(DIRECT + gib, 2)] = pointer(physical_of(last_1));
    for (; gib < end; gib += LARGE_PAGE)
        last_1[INDEX(gib, 1)] = leaf(gib, PTE_R | PTE_W | KERNEL);
}

void map_memory(void)
{
    map_ram();
    fence_all();
    frames_start();
    root[INDEX(DIRECT, 2)] = pointer(physical_of(devices_1));
    map_device(platform.uart);
    map_device(platform.finisher);
    map_device(platform.rtc);
    for (u32 i = 0; i < platform.virtio_count; i++)
        map_device(platform.virtio[i]);
    if (platform.plic != 0) {
        map_device(platform.plic); // priorities
        map_device(platform.plic + 0x1000 + 0x1000); // enable bits
        map_device(platform.plic + 0x200000 + 0x1000 * platform.plic_context);
    }
    fence_all();
}

// Makes a page of a kernel stack.
bool map_kernel_page(u64 va, u64 physical)
{
    u64 *entry = &stacks_1[INDEX(va, 1)];
    u64 *table_0;

    if (*entry == 0) {
        u64 frame = frame_take_clear(FRAME_KERNEL);
        if (frame == 0)
            return false;
        *entry = pointer(frame);
    }
    table_0 = direct(entry_physical(*entry));
    table_0[INDEX(va, 0)] = leaf(physical, PTE_R | PTE_W | KERNEL);
    fence_all(); // it is global: no ASID may be named
    return true;
}

// A frame for the root of a new address space; 0 if there is none.
u64 new_root(void)
{
    u64 physical = frame_take_clear(FRAME_TABLE);

    if (physical != 0)
        memcpy((u64 *)direct(physical) + 256, root + 256, 256 * sizeof(u64));
    return physical;
}

// The entry of a level for an address; NULL if a table above it is missing or a larger page is in
// its place.
u64 *find_entry(u64 root_physical, u64 va, int level)
{
    u64 *entries = direct(root_physical);

    for (int at = 2; at > level; at--) {
        u64 entry = entries[INDEX(va, at)];
        if ((entry & PTE_V) == 0 || is_leaf(entry))
            return NULL;
        entries = direct(entry_physical(entry));
    }
    return &entries[INDEX(va, level)];
}

// The same, and makes the tables that are missing.
u64 *make_entry(u64 root_physical, u64 va, int level)
{
    u64 *entries = direct(root_physical);

    for (int at = 2; at > level; at--) {
        u64 *entry = &entries[INDEX(va, at)];
        if ((*entry & PTE_V) == 0) {
            u64 physical = frame_take_clear(FRAME_TABLE);
            if (physical == 0)
                return NULL;
            set_entry(entry, pointer(physical));
        } else if (is_leaf(*entry)) {
            return NULL;
        }
        entries = direct(entry_physical(*entry));
    }
    return &entries[INDEX(va, level)];
}

// Writes an entry of a process's table and counts how many of the table are in use.
void set_entry(u64 *entry, u64 value)
{
    struct frame *frame = frame_of(physical_of(entry) & ~(u64)(PAGE - 1));

    if (*entry == 0 && value != 0)
        frame->used++;
    else if (*entry != 0 && value == 0)
        frame->used--;
    *(volatile u64 *)entry = value;
}

// Gives back tables of the lower half that have become empty and lie in the range.  The caller
// fences the whole address space.
void free_tables(u64 root_physical, u64 start, u64 end)
{
    u64 *entries = direct(root_physical);

    for (u64 i = INDEX(start, 2); i <= INDEX(end - 1, 2); i++) {
        u64 first = MAX(start, i * GIB), last = MIN(end, (i + 1) * GIB) - 1;
        u64 *table_1;

        if ((entries[i] & PTE_V) == 0 || is_leaf(entries[i]))
            continue;
        table_1 = direct(entry_physical(entries[i]));
        for (u64 j = INDEX(first, 1); j <= INDEX(last, 1); j++) {
            u64 entry = table_1[j];
            if ((entry & PTE_V) == 0 || is_leaf(entry) || frame_of(entry_physical(entry))->used != 0)
                continue;
            set_entry(&table_1[j], 0);
            frame_free(frame_of(entry_physical(entry)));
        }
        if (frame_of(physical_of(table_1))->used == 0) {
            set_entry(&entries[i], 0);
            frame_free(frame_of(physical_of(table_1)));
        }
    }
}

void free_root(u64 root_physical)
{
    free_tables(root_physical, 0, USER_END);
    memset((u64 *)direct(root_physical) + 256, 0, 256 * sizeof(u64)); // a table no more
    frame_free(frame_of(root_physical));
}
