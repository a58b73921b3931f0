// The page-fault handler: a process touched a page that is not there, or not in this way.  If an area
// promises the page, the handler brings it (zeros, a page of a file, a page from the swap disk, a
// copy of a shared one) and the instruction runs again.  If none does, the process gets a signal.

#include "file.h"

// How many pages of a file are mapped at one fault, if they are in memory already.
enum { AROUND = 16 };
#define STACK_LIMIT (8UL << 20)

static u64 rights_of(const struct area *area)
{
    u64 rights = PTE_U | PTE_R;

    if ((area->rights & RIGHT_EXECUTE) != 0)
        rights |= PTE_X;
    return rights;
}

// Makes an entry valid, or gives it more rights.
static void install(struct space *space, u64 va, u64 *entry, u64 value)
{
    if (!is_present(*entry))
        space->resident++;
    set_entry(entry, value);
    fence_page(va, space->asid);
    if ((value & PTE_X) != 0)
        fence_code(); // the frame may have held other code before
}

// A stack grows downwards to the page that is touched.
static struct area *grow_stack(struct space *space, u64 va)
{
    struct area *area, *below = NULL;

    for (area = space->areas; area != NULL && area->end <= va; area = area->next)
        below = area;
    if (area == NULL || (area->flags & AREA_STACK) == 0 || va >= area->start
        || va + STACK_LIMIT < space->stack_top || (below != NULL && va < below->end + 16 * PAGE))
        return NULL;
    area->start = ROUND_DOWN(va, PAGE);
    return area;
}

static bool allows(const struct area *area, enum access access)
{
    switch (access) {
    case ACCESS_FETCH: return (area->rights & RIGHT_EXECUTE) != 0;
    case ACCESS_STORE: return (area->rights & RIGHT_WRITE) != 0;
    default: return area->rights != 0;
    }
}

// Gives the process a frame of its own with what is in `from`.
static enum fault copy_frame(struct space *space, const struct area *area, u64 va, u64 *entry, u64 from)
{
    u64 before = *entry, to = frame_take(FRAME_USER);

    if (to == 0)
        return FAULT_NO_MEMORY;
    if (*entry != before) { // taken away while a frame was looked for: try again
        frame_drop(to);
        return FAULT_DONE;
    }
    copy_page(direct(to), direct(from));
    install(space, va, entry, leaf(to, rights_of(area) | PTE_W | PTE_A | PTE_D));
    if (is_present(before))
        frame_drop(entry_physical(before));
    return FAULT_DONE;
}

// The page is there.  A store may find it read-only, because it is shared since a fork or with the
// page cache; and a machine may leave it to us to set A and D.
static enum fault mend(struct space *space, const struct area *area, u64 va, u64 *entry, enum access access)
{
    u64 value = *entry | PTE_A, physical = entry_physical(value);

    if (access == ACCESS_STORE) {
        if ((value & PTE_W) == 0 && (area->flags & AREA_SHARED) == 0) {
            if (physical == zero_frame) {
                u64 to = frame_take_clear(FRAME_USER);
                if (to == 0)
                    return FAULT_NO_MEMORY;
                install(space, va, entry, leaf(to, rights_of(area) | PTE_W | PTE_A | PTE_D));
                return FAULT_DONE;
            }
            if (!frame_only_ours(frame_of(physical)))
                return copy_frame(space, area, va, entry, physical);
        }
        value |= PTE_W | PTE_D;
    }
    install(space, va, entry, value);
    return FAULT_DONE;
}

static enum fault anonymous_page(struct space *space, const struct area *area, u64 va, u64 *entry, enum access access)
{
    u64 physical;

    if (access != ACCESS_STORE) {
        install(space, va, entry, leaf(zero_frame, rights_of(area) | PTE_A));
        return FAULT_DONE;
    }
    physical = frame_take_clear(FRAME_USER);
    if (physical == 0)
        return FAULT_NO_MEMORY;
    install(space, va, entry, leaf(physical, rights_of(area) | PTE_W | PTE_A | PTE_D));
    return FAULT_DONE;
}

// Neighbours that are in the page cache are mapped as well: most will be wanted soon.  A stays
// clear, so that the clock can see whether they are.
static void map_around(struct space *space, const struct area *area, u64 va)
{
    u64 start = MAX(area->start, ROUND_DOWN(va, AROUND * PAGE));
    u64 end = MIN(area->end, ROUND_DOWN(va, AROUND * PAGE) + AROUND * PAGE);

    for (u64 at = start; at < end; at += PAGE) {
        u64 *entry = find_entry(space->root, at, 0);
        struct frame *frame;

        if (*entry != 0)
            continue;
        frame = cache_find(area->file->inode, area->offset + (at - area->start) / PAGE);
        if (frame == NULL)
            continue;
        frame->refs++;
        install(space, at, entry, leaf(frame_physical(frame), rights_of(area)));
    }
}

static enum fault file_page(struct space *space, const struct area *area, u64 va, u64 *entry, enum access access)
{
    bool shared = (area->flags & AREA_SHARED) != 0;
    u64 index = area->offset + (va - area->start) / PAGE;
    u64 rights = rights_of(area) | PTE_A;
    struct frame *frame;
    enum fault result;
    i64 error = cache_get(area->file->inode, index, &frame);

    if (error != 0)
        return error == -ENOMEM ? FAULT_NO_MEMORY : FAULT_NO_FILE;
    if (access == ACCESS_STORE && !shared) {
        result = copy_frame(space, area, va, entry, frame_physical(frame));
        frame_drop(frame_physical(frame));
        return result;
    }
    if (shared && (area->rights & RIGHT_WRITE) != 0)
        rights |= access == ACCESS_STORE ? PTE_W | PTE_D : PTE_W;
    install(space, va, entry, leaf(frame_physical(frame), rights));
    if (!shared)
        map_around(space, area, va);
    return FAULT_DONE;
}

static enum fault large_page(struct space *space, const struct area *area, u64 va)
{
    u64 *entry = make_entry(space->root, va, 1);
    u64 physical, rights = rights_of(area) | PTE_A | PTE_D;

    if (entry == NULL)
        return FAULT_NO_MEMORY;
    if ((area->rights & RIGHT_WRITE) != 0)
        rights |= PTE_W;
    if (is_leaf(*entry)) {
        set_entry(entry, *entry | rights | PTE_V);
    } else {
        physical = large_take();
        if (physical == 0)
            return FAULT_NO_MEMORY;
        set_entry(entry, leaf(physical, rights));
        space->resident += LARGE_PAGE / PAGE;
    }
    fence_page(va, space->asid);
    return FAULT_DONE;
}

enum fault page_fault(struct space *space, u64 va, enum access access)
{
    struct area *area;
    u64 *entry;

    if (va >= USER_END)
        return FAULT_NO_AREA;
    area = find_area(space, va);
    if (area == NULL)
        area = grow_stack(space, va);
    if (area == NULL)
        return FAULT_NO_AREA;
    if (!allows(area, access))
        return FAULT_NO_RIGHT;
    va = ROUND_DOWN(va, PAGE);
    if ((area->flags & AREA_LARGE) != 0)
        return large_page(space, area, va);
    entry = make_entry(space->root, va, 0);
    if (entry == NULL)
        return FAULT_NO_MEMORY;
    if ((*entry & PTE_V) != 0)
        return mend(space, area, va, entry, access);
    if ((*entry & PTE_SWAPPED) != 0)
        return swap_in(space, va, entry, area, access == ACCESS_STORE);
    if (area->file != NULL)
        return file_page(space, area, va, entry, access);
    return anonymous_page(space, area, va, entry, access);
}
