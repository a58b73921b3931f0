// The areas of an address space: what a process may expect at its addresses.  Areas promise; page faults
// keep the promise (fault.c).

#include "file.h"

void area_free(struct area *area)
{
    if (area->file != NULL)
        file_drop(area->file);
    release(area);
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
