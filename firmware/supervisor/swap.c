// When memory is short: the clock.  Its hand goes round all pages of all processes.  A page whose A
// bit is set was used since the last time: the bit is cleared and the page stays.  A page whose A bit
// is still clear goes: to the swap disk if it belongs to a process and D says that it was changed,
// or back to its file's pages in the cache, which a second hand goes over.

#include "file.h"

static struct space *hand;
static u64 cache_hand;
static bool busy;

static u64 looked_at, struggles;

// What the hands are to find in one go; and how often in turn they may find less in half a round over
// everything before that counts as out of memory.  A full disk would otherwise let programs crawl on.
enum { BATCH = 32, STRUGGLES_MAX = 32 };

bool is_reclaiming(void)
{
    return busy;
}

static void swap_out(struct space *space, u64 va, u64 *entry, struct frame *frame)
{
    if (!frame_take_slot(frame))
        return;
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
    } else if (frame->kind == FRAME_CACHE && ((frame->flags & FRAME_PINNED) == 0 || !swap_is_full())) {
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
        looked_at++;
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
        if (frame->kind != FRAME_CACHE || frame->refs != 1)
            continue;
        if ((frame->flags & FRAME_RECENT) != 0) {
            frame->flags &= ~FRAME_RECENT;
            continue;
        }
        // A pinned page has no file to go back to.
        if ((frame->flags & FRAME_PINNED) != 0 ? !shared_swap_out(frame)
                                               : (frame->flags & FRAME_DIRTY) != 0 && cache_write_frame(frame) != 0)
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

// Whether the hands may stop.  On a full disk one page is a success: to look for more would take as long
// each time as to look at all there are.
static bool is_enough(u64 before)
{
    u64 gained = frames_free() + swap_leaving() - before;

    return gained >= BATCH || (gained != 0 && swap_is_full());
}

static bool is_hopeless(u64 gained)
{
    struggles = gained < BATCH && looked_at > frames_total() / 2 ? struggles + 1 : 0;
    if (struggles <= STRUGGLES_MAX)
        return false;
    struggles = 0; // who asked will die, and the next may try
    return true;
}

// Makes some frames free; false if there are none to be had.
bool reclaim(void)
{
    u64 before = frames_free(), spaces_left, rounds_left = 3;
    struct space *space;

    if (busy || spaces == NULL)
        return false;
    busy = true;
    looked_at = 0;
    // The space where the hand was may be gone.
    space = spaces;
    do
        space = space->next;
    while (space != spaces && space != hand);
    hand = space;
    spaces_left = 3 * count_spaces();
    while (!is_enough(before) && (spaces_left != 0 || rounds_left != 0)) {
        if (spaces_left != 0 && sweep_space())
            spaces_left--;
        // A page of a file is free for the second hand once the first has taken it from its processes.
        if (rounds_left != 0 && sweep_cache() && spaces_left == 0)
            rounds_left--;
    }
    swap_write();
    busy = false;
    return frames_free() > before && !is_hopeless(frames_free() - before);
}
