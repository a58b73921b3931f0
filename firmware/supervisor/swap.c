// When memory is short: the clock.  Its hand goes round all pages of all processes.  A page whose A
// bit is set was used since the last time: the bit is cleared and the page stays.  A page whose A bit
// is still clear goes: to the swap disk if it belongs to a process and D says that it was changed,
// or back to its file's pages in the cache, which a second hand goes over.
//
// A slot of the disk holds one page.  Several entries may stand for it after a fork; while a frame
// holds the same page, the slot knows it, so that it is read only once.

#include "blk.h"
#include "file.h"

struct slot {
    u32 refs;  // entries that stand for it, and one if a frame has it; free: the next free slot
    u32 frame; // its number + 1; 0: only on the disk
};

u64 swap_slots, swap_used;
static struct slot *slots;
static u32 free_slot, next_slot = 1; // slot 0 has the disk's mark
static struct space *hand;
static u64 cache_hand;
static bool busy;

enum { BATCH = 32 };

void swap_start(void)
{
    u8 *sector = allocate(PAGE);
    u64 pages = blk_pages(), physical;

    if (pages < 2 || sector == NULL)
        return;
    if (blk_read(0, physical_of(sector)) && memcmp(sector, "PWSWAP1", 8) == 0) {
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

static u32 slot_take(void)
{
    u32 slot = free_slot;

    if (slot != 0)
        free_slot = slots[slot].refs;
    else if (next_slot < swap_slots)
        slot = next_slot++;
    else
        return 0;
    slots[slot] = (struct slot) { 0, 0 };
    swap_used++;
    return slot;
}

void slot_keep(u32 slot)
{
    slots[slot].refs++;
}

void slot_drop(u32 slot)
{
    if (--slots[slot].refs == 0) {
        slots[slot].refs = free_slot;
        free_slot = slot;
        swap_used--;
    }
}

void frame_forget_slot(struct frame *frame)
{
    u32 slot = frame->slot;

    frame->slot = 0;
    slots[slot].frame = 0;
    slot_drop(slot);
}

bool frame_only_ours(struct frame *frame)
{
    return frame->kind == FRAME_USER && frame->refs == 1
        && (frame->slot == 0 || slots[frame->slot].refs == 1);
}

// Nobody maps the frame any more.
void frame_unused(struct frame *frame)
{
    if (frame->kind == FRAME_USER && frame->slot != 0) {
        if (slots[frame->slot].refs > 1 && (frame->flags & FRAME_DIRTY) != 0
            && !blk_write(frame->slot, frame_physical(frame)))
            panic("the swap disk cannot be written");
        frame_forget_slot(frame);
    }
    frame_free(frame);
}

bool swap_in(struct space *space, u64 va, u64 *entry, const struct area *area, bool store)
{
    u32 slot = *entry >> PTE_FRAME_SHIFT;
    u64 rights = PTE_U | PTE_R | PTE_A, physical;
    struct frame *frame;

    if (slots[slot].frame != 0) {
        frame = frame_number(slots[slot].frame - 1);
        frame->refs++;
    } else {
        physical = frame_take(FRAME_USER);
        if (physical == 0)
            return false;
        frame = frame_of(physical);
        if (!blk_read(slot, physical))
            panic("the swap disk cannot be read");
        frame->slot = slot;
        slots[slot].frame = (frame - frame_number(0)) + 1;
        slots[slot].refs++;
    }
    slots[slot].refs--; // this entry's
    if ((area->rights & RIGHT_EXECUTE) != 0)
        rights |= PTE_X;
    if ((area->rights & RIGHT_WRITE) != 0 && frame_only_ours(frame))
        rights |= store ? PTE_W | PTE_D : PTE_W;
    set_entry(entry, leaf(frame_physical(frame), rights));
    space->resident++;
    fence_page(va, space->asid);
    if ((rights & PTE_X) != 0)
        fence_code();
    return true;
}

static void swap_out(struct space *space, u64 va, u64 *entry, struct frame *frame)
{
    if (frame->slot == 0) {
        u32 slot = slots == NULL ? 0 : slot_take();
        if (slot == 0)
            return;
        frame->slot = slot;
        frame->flags |= FRAME_DIRTY;
        slots[slot] = (struct slot) { 1, (frame - frame_number(0)) + 1 };
    }
    if ((*entry & PTE_D) != 0)
        frame->flags |= FRAME_DIRTY;
    slot_keep(frame->slot);
    set_entry(entry, (u64)frame->slot << PTE_FRAME_SHIFT | PTE_SWAPPED);
    fence_page(va, space->asid);
    space->resident--;
    if (--frame->refs == 0)
        frame_unused(frame);
}

static void look_at_page(struct space *space, u64 va, u64 *entry)
{
    u64 physical = entry_physical(*entry);
    struct frame *frame;

    if ((*entry & PTE_V) == 0 || physical == zero_frame)
        return;
    if ((*entry & PTE_A) != 0) {
        set_entry(entry, *entry & ~PTE_A);
        fence_page(va, space->asid);
        return;
    }
    frame = frame_of(physical);
    if (frame->kind == FRAME_USER) {
        swap_out(space, va, entry, frame);
    } else if (frame->kind == FRAME_CACHE && (frame->flags & FRAME_PINNED) == 0) {
        forget_page(space, entry);
        fence_page(va, space->asid);
    }
}

// Moves the hand over some pages of one process; true when it leaves the process.
static bool sweep_space(void)
{
    int count = 0;
    u64 *entry;

    while (count++ < BATCH && (entry = next_entry(hand, &hand->clock, USER_END)) != NULL) {
        look_at_page(hand, hand->clock, entry);
        hand->clock += PAGE;
    }
    if (count <= BATCH) {
        hand->clock = 0;
        hand = hand->next;
        return true;
    }
    return false;
}

// The other hand, over the frames of the page cache; true when it is round.
static bool sweep_cache(void)
{
    for (int count = 0; count < 4 * BATCH; count++) {
        struct frame *frame;

        if (cache_hand >= frames_count()) {
            cache_hand = 0;
            return true;
        }
        frame = frame_number(cache_hand++);
        if (frame->kind != FRAME_CACHE || frame->refs != 1 || (frame->flags & FRAME_PINNED) != 0)
            continue;
        if ((frame->flags & FRAME_RECENT) != 0) {
            frame->flags &= ~FRAME_RECENT;
            continue;
        }
        if ((frame->flags & FRAME_DIRTY) != 0 && cache_write_frame(frame) != 0)
            continue;
        cache_remove(frame);
    }
    return false;
}

static u64 count_spaces(void)
{
    struct space *space = spaces;
    u64 count = 0;

    do {
        count++;
        space = space->next;
    } while (space != spaces);
    return count;
}

// Makes some frames free; false if there are none to be had.
bool reclaim(void)
{
    u64 before = frames_free(), spaces_left, rounds_left = 3;
    struct space *space;

    if (busy || spaces == NULL)
        return false;
    busy = true;
    // The space where the hand was may be gone.
    space = spaces;
    do
        space = space->next;
    while (space != spaces && space != hand);
    hand = space;
    spaces_left = 3 * count_spaces();
    while (frames_free() < before + BATCH && (spaces_left != 0 || rounds_left != 0)) {
        if (spaces_left != 0 && sweep_space())
            spaces_left--;
        if (rounds_left != 0 && sweep_cache())
            rounds_left--;
    }
    busy = false;
    return frames_free() > before;
}
