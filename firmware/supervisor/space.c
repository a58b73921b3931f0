// Address spaces: the tables that say which pages of a process are there, under an ASID; and fork's copy.

#include "csr.h"
#include "file.h"

struct space *spaces; // one of the ring
static struct space *current_space;
static u64 kernel_satp, asid_last, asid_next, generation = 1;

void spaces_start(void)
{
    kernel_satp = csr_read(satp);
    // An ASID may have fewer than 16 bits: those that exist keep what is written.
    csr_write(satp, kernel_satp | SATP_ASID_MASK << SATP_ASID_SHIFT);
    asid_last = csr_read(satp) >> SATP_ASID_SHIFT & SATP_ASID_MASK;
    csr_write(satp, kernel_satp);
    fence_all();
    asid_next = 1;
}

u64 space_asid(const struct space *space)
{
    return space->asid;
}

// An ASID names one address space until all are used up; then everything is forgotten and they are
// given out anew.
static void take_asid(struct space *space)
{
    if (asid_next > asid_last) {
        generation++;
        asid_next = 1;
        fence_all();
    }
    space->asid = asid_last == 0 ? 0 : asid_next++;
    space->generation = generation;
}

// NULL: none, only the kernel's half.
void space_switch(struct space *space)
{
    if (space == current_space && (space == NULL || space->generation == generation))
        return;
    current_space = space;
    if (space == NULL) {
        csr_write(satp, kernel_satp);
    } else {
        if (space->generation != generation)
            take_asid(space);
        csr_write(satp, SATP_SV39 | space->asid << SATP_ASID_SHIFT | space->root >> 12);
    }
    if (asid_last == 0)
        fence_all();
}

struct space *space_new(void)
{
    struct space *space = allocate(sizeof(*space));

    if (space == NULL)
        return NULL;
    space->root = new_root();
    if (space->root == 0) {
        release(space);
        return NULL;
    }
    space->refs = 1;
    if (spaces == NULL) {
        space->next = space->previous = spaces = space;
    } else {
        space->next = spaces;
        space->previous = spaces->previous;
        space->previous->next = spaces->previous = space;
    }
    return space;
}

// The next entry of level 0 that is not zero, from *va on; large pages are passed over.
u64 *next_entry(struct space *space, u64 *va, u64 end)
{
    while (*va < end) {
        u64 *entry = find_entry(space->root, *va, 0), *last;
        u64 stop = MIN(end, ROUND_DOWN(*va, LARGE_PAGE) + LARGE_PAGE);

        if (entry == NULL) {
            u64 *above = find_entry(space->root, *va, 2);
            *va = (*above & PTE_V) == 0 ? ROUND_DOWN(*va, GIB) + GIB : stop;
            continue;
        }
        for (last = entry + (stop - *va) / PAGE; entry < last; entry++, *va += PAGE)
            if (*entry != 0)
                return entry;
    }
    return NULL;
}

// Takes a page out of an address space.  The caller fences.
void forget_page(struct space *space, u64 *entry)
{
    u64 old = *entry;

    set_entry(entry, 0);
    if (is_present(old)) {
        u64 physical = entry_physical(old);
        if (physical != zero_frame && (old & PTE_D) != 0)
            frame_of(physical)->flags |= FRAME_DIRTY;
        space->resident--;
        frame_drop(physical);
    } else if ((old & PTE_SWAPPED) != 0) {
        slot_drop(old >> PTE_FRAME_SHIFT);
    }
}

// A large page goes as a whole: one of which only a part is in the range stays.
static void discard_large(struct space *space, u64 start, u64 end)
{
    for (u64 va = ROUND_UP(start, LARGE_PAGE); va + LARGE_PAGE <= end; va += LARGE_PAGE) {
        u64 *entry = find_entry(space->root, va, 1);
        if (entry != NULL && is_leaf(*entry)) {
            u64 physical = entry_physical(*entry);
            set_entry(entry, 0);
            fence_page(va, space->asid);
            space->resident -= LARGE_PAGE / PAGE;
            large_drop(physical);
        }
    }
}

// Forgets all pages in the range; the areas stay.
void discard_pages(struct space *space, u64 start, u64 end)
{
    u64 va = start, count = 0;
    u64 *entry;

    for (struct area *area = space->areas; area != NULL; area = area->next)
        if ((area->flags & AREA_LARGE) != 0 && area->start < end && start < area->end)
            discard_large(space, MAX(start, area->start), MIN(end, area->end));
    while ((entry = next_entry(space, &va, end)) != NULL) {
        forget_page(space, entry);
        if (++count <= 16)
            fence_page(va, space->asid);
        va += PAGE;
    }
    if (count > 16 || end - start >= LARGE_PAGE)
        fence_space(space->asid);
}

void space_drop(struct space *space)
{
    if (space == NULL || --space->refs != 0)
        return;
    if (space == current_space)
        space_switch(NULL);
    discard_pages(space, 0, USER_END);
    while (space->areas != NULL) {
        struct area *area = space->areas;
        space->areas = area->next;
        area_free(area);
    }
    free_root(space->root);
    fence_space(space->asid);
    spaces = space->next == space ? NULL : space->next;
    space->next->previous = space->previous;
    space->previous->next = space->next;
    release(space);
}

// fork's copy of one page: both keep it, neither may write to it before it is copied (fault.c).
static bool share_page(struct space *to, u64 va, u64 *entry)
{
    u64 *copy = make_entry(to->root, va, 0);
    u64 value = *entry; // only now: a new table may have cost the page its place

    if (copy == NULL)
        return false;
    if (value == 0) // a page of a file that went for the table: it is in the file
        return true;
    if (!is_present(value)) {
        slot_keep(value >> PTE_FRAME_SHIFT);
        set_entry(copy, value);
        return true;
    }
    if ((value & PTE_D) != 0 && entry_physical(value) != zero_frame)
        frame_of(entry_physical(value))->flags |= FRAME_DIRTY;
    if ((value & PTE_W) != 0) {
        value &= ~PTE_W;
        set_entry(entry, value);
    }
    if (entry_physical(value) != zero_frame)
        frame_of(entry_physical(value))->refs++;
    set_entry(copy, value & ~PTE_D);
    to->resident++;
    return true;
}

static bool copy_large(struct space *from, struct space *to, const struct area *area)
{
    for (u64 va = area->start; va < area->end; va += LARGE_PAGE) {
        u64 *entry = find_entry(from->root, va, 1), *copy;
        u64 physical;

        if (entry == NULL || !is_leaf(*entry))
            continue;
        copy = make_entry(to->root, va, 1);
        physical = copy == NULL ? 0 : large_take();
        if (physical == 0)
            return false;
        memcpy(direct(physical), direct(entry_physical(*entry)), LARGE_PAGE);
        set_entry(copy, leaf(physical, *entry & 0xff));
        to->resident += LARGE_PAGE / PAGE;
    }
    return true;
}

static bool copy_area(struct space *from, struct space *to, const struct area *area)
{
    u64 va = area->start;
    u64 *entry;

    if (map_area(to, area->start, area->end - area->start, area->rights, area->flags, area->file,
                 area->offset) != 0)
        return false;
    if ((area->flags & AREA_LARGE) != 0)
        return copy_large(from, to, area);
    if ((area->flags & AREA_SHARED) != 0)
        return true; // found again in the page cache
    for (; (entry = next_entry(from, &va, area->end)) != NULL; va += PAGE)
        if (!share_page(to, va, entry))
            return false;
    return true;
}

struct space *space_copy(struct space *from)
{
    struct space *to = space_new();
    bool done = to != NULL;

    if (!done)
        return NULL;
    to->heap_start = from->heap_start;
    to->heap_end = from->heap_end;
    to->map_top = from->map_top;
    to->stack_top = from->stack_top;
    to->arguments = from->arguments;
    to->arguments_end = from->arguments_end;
    for (struct area *area = from->areas; area != NULL && done; area = area->next)
        done = copy_area(from, to, area);
    fence_space(from->asid); // pages of `from` have become read-only
    if (done)
        return to;
    space_drop(to);
    return NULL;
}

// For each page of a file that some process has mapped shared and written to: clears D, and marks
// the frame.
static void collect_dirty(struct space *space, struct area *area)
{
    u64 va = area->start;
    u64 *entry;

    for (; (entry = next_entry(space, &va, area->end)) != NULL; va += PAGE) {
        if (is_present(*entry) && (*entry & PTE_D) != 0) {
            frame_of(entry_physical(*entry))->flags |= FRAME_DIRTY;
            set_entry(entry, *entry & ~PTE_D);
            fence_page(va, space->asid);
        }
    }
}

void spaces_collect_dirty(struct inode *inode)
{
    struct space *space = spaces;

    if (space == NULL)
        return;

    do {
        for (struct area *area = space->areas; area != NULL; area = area->next)
            if (area->file != NULL && area->file->inode == inode && (area->flags & AREA_SHARED) != 0)
                collect_dirty(space, area);
        space = space->next;
    } while (space != spaces);
}

// The file has become shorter: pages behind its end are there no more.
void spaces_cut_file(struct inode *inode, u64 from_page)
{
    struct space *space = spaces;

    if (space == NULL)
        return;
    do {
        for (struct area *area = space->areas; area != NULL; area = area->next) {
            u64 first = MAX(area->offset, from_page);
            u64 start = area->start + (first - area->offset) * PAGE;
            if (area->file != NULL && area->file->inode == inode && start < area->end)
                discard_pages(space, start, area->end);
        }
        space = space->next;
    } while (space != spaces);
}
