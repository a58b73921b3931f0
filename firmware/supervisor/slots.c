// The swap disk.  A slot of it holds one page.  Several entries may stand for a slot after a fork; while
// a frame holds the same page, the slot knows it, so that it is read only once, and a page that was not
// changed since need not be written again.
//
// A request costs more than the page that it moves.  So pages leave together, into slots that follow each
// other, and a process that goes through its memory in order gets pages ahead of its faults.

#include "blk.h"
#include "memory.h"

struct slot {
    u32 refs;  // entries that stand for it, and one if a frame has it; 0: it is free
    u32 frame; // its number + 1; 0: only on the disk
};

u64 swap_slots, swap_used;
static struct slot *slots;
static u32 begun = 1, cursor = 1; // slots from `begun` on were never used; slot 0 has the disk's mark
static bool broken;               // the disk has refused a page: it gets no more

static struct frame *leaving[SWAP_CLUSTER]; // nobody maps them, and they are not yet on the disk
static u32 leaving_count;

void swap_start(void)
{
    u8 *sector = allocate(PAGE);
    u64 pages = blk_pages(), physical;

    if (pages < 2 || sector == NULL)
        return;
    physical = physical_of(sector);
    if (blk_read(0, &physical, 1) && memcmp(sector, "PWSWAP1", 8) == 0) {
        pages = MIN(pages, 1UL << 31);
        physical = frames_set_aside(pages * sizeof(struct slot));
        if (physical == 0) {
            LOG(2, "the swap disk is too large for this memory; there will be no swap\n");
        } else {
            slots = direct(physical);
            swap_slots = pages;
        }
    }
    release(sector);
}

// The next free slot after the one that was taken last; 0 if there is none.  Slots that were never used
// come last: the host's file grows only when little of what it has is free.
static u32 slot_take(void)
{
    if (slots == NULL || broken || swap_used + 1 >= swap_slots)
        return 0;
    for (;; cursor++) {
        if (cursor == begun && begun < swap_slots && swap_used >= begun / 4 * 3)
            slots[begun++].refs = 0;
        else if (cursor == begun)
            cursor = 1;
        if (slots[cursor].refs == 0)
            break;
    }
    swap_used++;
    return cursor++;
}

// Not to the last slot: who asks wants to know whether some pages can still leave.
bool swap_is_full(void)
{
    return slots == NULL || broken || swap_used + SWAP_CLUSTER >= swap_slots;
}

static void disk_refuses(void)
{
    if (!broken)
        LOG(1, "the swap disk does not take a page; it gets no more\n");
    broken = true;
}

void slot_keep(u32 slot)
{
    slots[slot].refs++;
}

void slot_drop(u32 slot)
{
    struct slot *dropped = &slots[slot];

    if (--dropped->refs == 0) {
        swap_used--;
    } else if (dropped->refs == 1 && dropped->frame != 0 && frame_number(dropped->frame - 1)->refs == 0) {
        // The disk did not take the page, and nobody will ask for it any more.
        struct frame *frame = frame_number(dropped->frame - 1);
        frame_forget_slot(frame);
        frame_free(frame);
    }
}

void frame_forget_slot(struct frame *frame)
{
    u32 slot = frame->slot;

    frame->slot = 0;
    slots[slot].frame = 0;
    slot_drop(slot);
}

bool frame_take_slot(struct frame *frame)
{
    u32 slot = frame->slot == 0 ? slot_take() : 0;

    if (slot != 0) {
        frame->slot = slot;
        frame->flags |= FRAME_DIRTY;
        slots[slot] = (struct slot) { 1, (frame - frame_number(0)) + 1 };
    }
    return frame->slot != 0;
}

u32 slot_write(u64 physical)
{
    u32 slot = slot_take();

    if (slot == 0)
        return 0;
    slots[slot] = (struct slot) { 1, 0 };
    if (blk_write(slot, &physical, 1))
        return slot;
    slot_drop(slot);
    disk_refuses();
    return 0;
}

bool slot_read(u32 slot, u64 physical)
{
    return blk_read(slot, &physical, 1);
}

bool frame_only_ours(struct frame *frame)
{
    return frame->kind == FRAME_USER && frame->refs == 1
        && (frame->slot == 0 || slots[frame->slot].refs == 1);
}

// A run of frames is on the disk or, if that fails, stays where it is: who needs such a page finds it
// through its slot.
static void write_run(struct frame **run, u32 count)
{
    u64 physical[SWAP_CLUSTER];

    for (u32 i = 0; i < count; i++)
        physical[i] = frame_physical(run[i]);
    if (!blk_write(run[0]->slot, physical, count)) {
        disk_refuses();
        return;
    }
    for (u32 i = 0; i < count; i++) {
        frame_forget_slot(run[i]);
        frame_free(run[i]);
    }
}

u64 swap_leaving(void)
{
    return leaving_count;
}

// Writes what leaves, in one request for each run of slots that follow each other.
void swap_write(void)
{
    u32 first = 0, end;

    for (; first < leaving_count; first = end) {
        for (end = first + 1; end < leaving_count && leaving[end]->slot == leaving[end - 1]->slot + 1; end++)
            ;
        write_run(leaving + first, end - first);
    }
    leaving_count = 0;
}

// Nobody maps the frame any more.
void frame_unused(struct frame *frame)
{
    bool is_wanted = frame->kind == FRAME_USER && frame->slot != 0 && slots[frame->slot].refs > 1;

    if (is_wanted && (frame->flags & FRAME_DIRTY) != 0) {
        leaving[leaving_count++] = frame;
        if (leaving_count == SWAP_CLUSTER || !is_reclaiming())
            swap_write();
        return;
    }
    if (frame->kind == FRAME_USER && frame->slot != 0)
        frame_forget_slot(frame);
    frame_free(frame);
}

// Whether the entry stands for this slot, and the page is on the disk only.
static bool waits_in(u64 entry, u32 slot)
{
    return entry == ((u64)slot << PTE_FRAME_SHIFT | PTE_SWAPPED) && slots[slot].frame == 0;
}

// How many pages come with one request: one, and twice as many each time that a process goes on where
// the last ones ended.  They must lie in slots that follow each other.
static u32 cluster(struct space *space, u64 va, const u64 *entry, const struct area *area, u32 slot)
{
    u64 end = MIN(area->end, ROUND_DOWN(va, LARGE_PAGE) + LARGE_PAGE); // of the area and of the table
    u32 count = 1, most = va == space->swap_next ? MIN(2 * space->swap_ahead, (u32)SWAP_CLUSTER / 2) : 1;

    if (swap_is_full()) // what has to go for the others has no place
        most = 1;
    space->swap_ahead = most;
    most = MIN((u64)most, (end - va) / PAGE);
    while (count < most && waits_in(entry[count], slot + count))
        count++;
    space->swap_next = va + count * PAGE;
    return count;
}

// Makes an entry that stood for a slot valid.  Who is not alone with the page gets no right to write.
static void map_slot(struct space *space, u64 va, u64 *entry, struct frame *frame, u64 rights)
{
    if ((rights & PTE_W) != 0 && !frame_only_ours(frame))
        rights &= ~(PTE_W | PTE_D);
    set_entry(entry, leaf(frame_physical(frame), rights));
    space->resident++;
    fence_page(va, space->asid);
    // A disk that fills up keeps no second copies of what is in memory.
    if (swap_used > swap_slots / 2 && slots[frame->slot].refs == 1)
        frame_forget_slot(frame);
}

// Reads slots into new frames: as many as there are frames for.
static enum fault read_slots(u32 slot, u64 *physical, u32 *count)
{
    u32 got = 0;

    while (got < *count && (physical[got] = frame_take(FRAME_USER)) != 0)
        got++;
    *count = got;
    if (got == 0)
        return FAULT_NO_MEMORY;
    if (blk_read(slot, physical, got))
        return FAULT_DONE;
    for (u32 i = 0; i < got; i++)
        frame_free(frame_of(physical[i]));
    return FAULT_NO_SWAP;
}

// The pages are not in memory: they are read, and stand in the table again.  Only the first was asked
// for; A stays clear in the others, so that the clock can see whether they are used.
static enum fault read_in(struct space *space, u64 va, u64 *entry, const struct area *area, u64 rights, u64 used)
{
    u32 slot = *entry >> PTE_FRAME_SHIFT, count = cluster(space, va, entry, area, slot);
    u64 physical[SWAP_CLUSTER];
    enum fault result = read_slots(slot, physical, &count);

    if (result != FAULT_DONE)
        return result;
    for (u32 i = 0; i < count; i++) {
        struct frame *frame = frame_of(physical[i]);
        frame->slot = slot + i; // the entry's reference becomes the frame's
        slots[slot + i].frame = (frame - frame_number(0)) + 1;
        map_slot(space, va + i * PAGE, entry + i, frame, i == 0 ? rights | used : rights);
    }
    return FAULT_DONE;
}

enum fault swap_in(struct space *space, u64 va, u64 *entry, const struct area *area, bool store)
{
    struct slot *slot = &slots[*entry >> PTE_FRAME_SHIFT];
    u64 rights = PTE_U | PTE_R, used = store ? PTE_A | PTE_D : PTE_A;
    enum fault result = FAULT_DONE;

    if ((area->rights & RIGHT_EXECUTE) != 0)
        rights |= PTE_X;
    if ((area->rights & RIGHT_WRITE) != 0)
        rights |= PTE_W;
    if (slot->frame != 0) {
        struct frame *frame = frame_number(slot->frame - 1);
        frame->refs++;
        slot->refs--; // this entry's
        map_slot(space, va, entry, frame, rights | used);
    } else {
        result = read_in(space, va, entry, area, rights, used);
    }
    if ((rights & PTE_X) != 0)
        fence_code();
    return result;
}
