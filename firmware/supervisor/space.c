// Address spaces: the areas of a process, and the tables that say which of their pages are there.
// Areas promise; page faults keep the promise (fault.c).

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

static void discard_large(struct space *space, u64 start, u64 end)
{
    for (u64 va = start; va < end; va += LARGE_PAGE) {
        u64 *entry = find_entry(space->root, va, 1);
        if (entry != NULL && is_leaf(*entry)) {
            u64 physical = entry_physical(*entry);
            set_entry(entry, 0);
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

static void area_free(struct area *area)
{
    if (area->file != NULL)
        file_drop(area->file);
    release(area);
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

struct area *find_area(struct space *space, u64 va)
{
    struct area *area = space->hint;

    if (area != NULL && area->start <= va && va < area->end)
        return area;
    for (area = space->areas; area != NULL && area->end <= va; area = area->next)
        ;
    if (area == NULL || va < area->start)
        return NULL;
    return space->hint = area;
}

static bool continues(const struct area *a, const struct area *b)
{
    return a->end == b->start && a->rights == b->rights && a->flags == b->flags && a->file == b->file
        && (a->flags & AREA_STACK) == 0
        && (a->file == NULL || a->offset + (a->end - a->start) / PAGE == b->offset);
}

// Makes one of an area and the next, where nothing tells them apart.
static void join(struct space *space, struct area *area)
{
    struct area *next;

    while (area != NULL && (next = area->next) != NULL && continues(area, next)) {
        area->end = next->end;
        area->next = next->next;
        if (space->hint == next)
            space->hint = area;
        area_free(next);
    }
}

static void insert(struct space *space, struct area *area)
{
    struct area **link = &space->areas, *previous = NULL;

    while (*link != NULL && (*link)->start < area->start) {
        previous = *link;
        link = &previous->next;
    }
    area->next = *link;
    *link = area;
    join(space, area);
    join(space, previous);
}

// The range must be free.  A reference to the file is taken.
i64 map_area(struct space *space, u64 start, u64 size, u8 rights, u8 flags, struct file *file, u64 offset)
{
    struct area *area = allocate(sizeof(*area));

    if (area == NULL)
        return -ENOMEM;
    *area = (struct area) { start, start + size, rights, flags, file, offset, NULL };
    if (file != NULL)
        file_keep(file);
    insert(space, area);
    return 0;
}

// Cuts areas in two so that one begins at `at`.
static i64 split(struct space *space, u64 at)
{
    struct area *area = find_area(space, at), *rest;

    if (area == NULL || area->start == at)
        return 0;
    if ((area->flags & AREA_LARGE) != 0 && at % LARGE_PAGE != 0)
        return -EINVAL;
    rest = allocate(sizeof(*rest));
    if (rest == NULL)
        return -ENOMEM;
    *rest = *area;
    rest->start = area->end = at;
    rest->offset += (at - area->start) / PAGE;
    rest->flags &= ~AREA_STACK; // the lower part goes on growing
    if (rest->file != NULL)
        file_keep(rest->file);
    area->next = rest;
    return 0;
}

i64 unmap_area(struct space *space, u64 start, u64 size)
{
    u64 end = start + size;
    struct area **link, *area;
    i64 error = split(space, start);

    if (error == 0)
        error = split(space, end);
    if (error != 0)
        return error;
    for (area = space->areas; area != NULL && area->end <= start; area = area->next)
        ;
    if (area == NULL || area->start >= end)
        return 0;
    discard_pages(space, start, end);
    space->hint = NULL;
    for (link = &space->areas; (area = *link) != NULL;) {
        if (area->start >= start && area->end <= end) {
            *link = area->next;
            area_free(area);
        } else {
            link = &area->next;
        }
    }
    free_tables(space->root, start, end);
    fence_space(space->asid);
    return 0;
}

// Takes rights away from pages that are there.  Rights that are added come with page faults.
static void protect_pages(struct space *space, u64 start, u64 end, u8 rights)
{
    u64 va = start;
    u64 *entry;

    while ((entry = next_entry(space, &va, end)) != NULL) {
        u64 old = *entry, new = old;
        if ((old & PTE_V) != 0) {
            new &= ~(PTE_R | PTE_W | PTE_X);
            new |= PTE_R;
            if ((rights & RIGHT_WRITE) != 0)
                new |= old & PTE_W;
            if ((rights & RIGHT_EXECUTE) != 0)
                new |= PTE_X;
            if (rights == 0)
                new ^= PTE_V | PTE_HIDDEN;
        } else if ((old & PTE_HIDDEN) != 0 && rights != 0) {
            new = (old & ~(PTE_HIDDEN | PTE_W | PTE_X)) | PTE_V | PTE_R;
            if ((rights & RIGHT_EXECUTE) != 0)
                new |= PTE_X;
        }
        if (new != old) {
            set_entry(entry, new);
            fence_page(va, space->asid);
            if ((new & PTE_X) != 0)
                fence_code();
        }
        va += PAGE;
    }
}

static void protect_large(struct space *space, struct area *area)
{
    for (u64 va = area->start; va < area->end; va += LARGE_PAGE) {
        u64 *entry = find_entry(space->root, va, 1);
        if (entry != NULL && is_leaf(*entry)) {
            u64 new = (*entry & ~(PTE_W | PTE_X | PTE_U)) | PTE_R;
            if ((area->rights & RIGHT_WRITE) != 0)
                new |= PTE_W;
            if ((area->rights & RIGHT_EXECUTE) != 0)
                new |= PTE_X;
            if (area->rights != 0)
                new |= PTE_U;
            set_entry(entry, new);
            fence_page(va, space->asid);
        }
    }
}

i64 protect_area(struct space *space, u64 start, u64 size, u8 rights)
{
    u64 end = start + size, at = start;
    struct area *area;
    i64 error;

    for (area = find_area(space, at); area != NULL && area->start <= at && at < end; area = area->next) {
        if ((rights & RIGHT_WRITE) != 0 && (area->flags & AREA_SHARED) != 0 && area->file != NULL
            && (area->file->flags & O_ACCMODE) != O_RDWR)
            return -EACCES;
        at = area->end;
    }
    if (at < end)
        return -ENOMEM;
    error = split(space, start);
    if (error == 0)
        error = split(space, end);
    if (error != 0)
        return error;
    for (area = find_area(space, start); area != NULL && area->start < end; area = area->next) {
        area->rights = rights;
        if ((area->flags & AREA_LARGE) != 0)
            protect_large(space, area);
        else
            protect_pages(space, area->start, area->end, rights);
    }
    for (area = space->areas; area != NULL && area->start <= end; area = area->next)
        if (area->end >= start)
            join(space, area);
    return 0;
}

// Where `size` bytes are free: at the hint, or as high as possible below map_top.
i64 find_gap(struct space *space, u64 hint, u64 size, u64 unit)
{
    u64 best = 0, low = 0x10000;

    size = ROUND_UP(size, unit);
    hint = ROUND_UP(hint, unit);
    if (hint >= low && user_range(hint, size)) {
        struct area *area = space->areas;
        while (area != NULL && area->end <= hint)
            area = area->next;
        if (area == NULL || hint + size <= area->start)
            return hint;
    }
    for (struct area *area = space->areas; low < space->map_top; area = area->next) {
        u64 end = area == NULL ? space->map_top : MIN(area->start, space->map_top);
        u64 at = end >= size ? ROUND_DOWN(end - size, unit) : 0;
        if (at >= low && at >= best && end >= size)
            best = at;
        if (area == NULL)
            break;
        low = MAX(low, area->end);
    }
    return best == 0 ? -ENOMEM : (i64)best;
}

// fork's copy of one page: both keep it, neither may write to it before it is copied (fault.c).
static bool share_page(struct space *to, u64 va, u64 *entry)
{
    u64 *copy = make_entry(to->root, va, 0);
    u64 value = *entry;

    if (copy == NULL)
        return false;
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
        physical = large_take();
        copy = make_entry(to->root, va, 1);
        if (physical == 0 || copy == NULL)
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
