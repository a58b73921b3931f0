// The system calls on memory: they change what the areas promise; the pages follow (fault.c).

#include "sys.h"
#include "task.h"

enum { MAP_SHARED = 1, MAP_PRIVATE = 2, MAP_SHARED_VALIDATE = 3, MAP_FIXED = 0x10, MAP_ANONYMOUS = 0x20,
       MAP_GROWSDOWN = 0x100, MAP_POPULATE = 0x8000, MAP_HUGETLB = 0x40000, MAP_FIXED_NOREPLACE = 0x100000 };

// A size in whole pages within the lower half, or an error.
static i64 whole_pages(u64 start, u64 size, u64 *rounded)
{
    if (start % PAGE != 0)
        return -EINVAL;
    if (!user_range(start, size) || ROUND_UP(size, PAGE) < size)
        return -ENOMEM;
    *rounded = ROUND_UP(size, PAGE);
    return 0;
}

i64 sys_brk(u64 end)
{
    struct space *space = current->process->space;
    u64 old = ROUND_UP(space->heap_end, PAGE), new = ROUND_UP(end, PAGE);

    if (end < space->heap_start || end >= space->map_top || new >= space->map_top)
        return space->heap_end;
    if (new > old) {
        for (struct area *area = space->areas; area != NULL; area = area->next)
            if (area->start < new && old < area->end)
                return space->heap_end;
        if (map_area(space, old, new - old, RIGHT_READ | RIGHT_WRITE, AREA_HEAP, NULL, 0) != 0)
            return space->heap_end;
    } else if (new < old && unmap_area(space, new, old - new) != 0) {
        return space->heap_end;
    }
    return space->heap_end = end;
}

// The file that stands behind memory which processes share without one.
static struct file *shared_memory(u64 size)
{
    struct inode *inode = memory_file();
    struct file *file = inode == NULL ? NULL : file_new(&regular_operations, O_RDWR);

    if (file == NULL)
        return NULL;
    inode->size = size;
    file->inode = inode;
    return file;
}

static i64 check_file(struct file *file, u64 rights, bool shared)
{
    if (file == NULL)
        return -EBADF;
    if (file->inode == NULL || (file->flags & O_PATH) != 0)
        return file->inode == NULL ? -ENODEV : -EBADF;
    if (!IS(file->inode->mode, S_IFREG) || file->operations != &regular_operations)
        return -ENODEV;
    if ((file->flags & O_ACCMODE) == O_WRONLY)
        return -EACCES;
    if (shared && (rights & RIGHT_WRITE) != 0 && (file->flags & O_ACCMODE) != O_RDWR)
        return -EACCES;
    return 0;
}

// /dev/zero's mapping is anonymous memory.
static bool is_zero_device(const struct file *file)
{
    return file != NULL && file->inode != NULL && IS(file->inode->mode, S_IFCHR);
}

i64 sys_mmap(u64 start, u64 size, u64 rights, u64 flags, u64 descriptor, u64 offset)
{
    struct space *space = current->process->space;
    bool shared = (flags & 3) != MAP_PRIVATE, large = (flags & MAP_HUGETLB) != 0;
    struct file *file = NULL, *made = NULL;
    u64 unit = large ? LARGE_PAGE : PAGE;
    i64 error, at;

    if ((flags & 3) == 0 || size == 0 || offset % PAGE != 0 || (rights & ~0x0f00000fUL) != 0)
        return -EINVAL;
    if (size > USER_END || offset + size < offset)
        return -ENOMEM;
    size = ROUND_UP(size, unit);
    if ((flags & MAP_ANONYMOUS) == 0) {
        file = file_of((i32)descriptor);
        if (is_zero_device(file)) {
            file = NULL;
        } else {
            error = check_file(file, rights, shared);
            if (error != 0 || large)
                return error != 0 ? error : -EINVAL;
        }
    }
    if ((flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)) != 0) {
        if (start % unit != 0)
            return -EINVAL;
        if (start < 0x1000 || !user_range(start, size) || start + size > TRAMPOLINE)
            return -ENOMEM;
        if ((flags & MAP_FIXED) != 0) {
            error = unmap_area(space, start, size);
            if (error != 0)
                return error;
        } else if (find_gap(space, start, size, unit) != (i64)start) {
            return -EEXIST;
        }
        at = start;
    } else {
        at = find_gap(space, start, size, unit);
        if (at < 0)
            return at;
    }
    if (file == NULL && shared && !large) {
        file = made = shared_memory(size);
        if (file == NULL)
            return -ENOMEM;
        offset = 0;
    }
    if (shared && file != NULL && (file->flags & O_ACCMODE) == O_RDWR)
        file->inode->mapped_shared = true;
    error = map_area(space, at, size, rights & 7, (shared && !large ? AREA_SHARED : 0) | (large ? AREA_LARGE : 0), file, offset / PAGE);
    if (made != NULL)
        file_drop(made);
    if (error == 0 && (flags & MAP_POPULATE) != 0 && (rights & 7) != 0)
        for (u64 page = at; page < at + size; page += unit)
            if (page_fault(space, page, (rights & RIGHT_WRITE) != 0 ? ACCESS_STORE : ACCESS_LOAD) != FAULT_DONE)
                break;
    return error != 0 ? error : at;
}

i64 sys_munmap(u64 start, u64 size)
{
    u64 rounded;

    if (size == 0 || whole_pages(start, size, &rounded) != 0)
        return -EINVAL;
    return unmap_area(current->process->space, start, rounded);
}

i64 sys_mprotect(u64 start, u64 size, u64 rights)
{
    u64 rounded;
    i64 error = whole_pages(start, size, &rounded);

    if (error != 0)
        return error;
    if ((rights & ~0x0f00000fUL) != 0)
        return -EINVAL;
    return size == 0 ? 0 : protect_area(current->process->space, start, rounded, rights & 7);
}

// Moves the entries of an area's pages to another place.  The tables for them come first: there is no way
// back from half of it.
static bool move_pages(struct space *space, u64 from, u64 to, u64 size)
{
    u64 va = from;
    u64 *entry;

    for (; next_entry(space, &va, from + size) != NULL; va += PAGE)
        if (make_entry(space->root, to + (va - from), 0) == NULL)
            return false;
    for (va = from; (entry = next_entry(space, &va, from + size)) != NULL; va += PAGE) {
        u64 *target = find_entry(space->root, to + (va - from), 0);
        set_entry(target, *entry);
        set_entry(entry, 0);
    }
    fence_space(space->asid);
    return true;
}

i64 sys_mremap(u64 start, u64 old_size, u64 size, u64 flags, u64 new_start)
{
    struct space *space = current->process->space;
    struct area *area, copy;
    i64 error, to;

    old_size = ROUND_UP(old_size, PAGE);
    size = ROUND_UP(size, PAGE);
    if (start % PAGE != 0 || size == 0 || flags > 3 || (flags & 3) == 2 || !user_range(start, old_size)
        || !user_range(0, size))
        return -EINVAL;
    area = find_area(space, start);
    if (area == NULL || start + MAX(old_size, 1UL) > area->end)
        return -EFAULT;
    if ((area->flags & AREA_LARGE) != 0 || old_size == 0)
        return -EINVAL;
    if ((flags & 2) == 0 && size <= old_size) {
        error = size == old_size ? 0 : unmap_area(space, start + size, old_size - size);
        return error != 0 ? error : (i64)start;
    }
    copy = *area;
    copy.offset += (start - area->start) / PAGE;
    copy.flags &= ~AREA_STACK;
    if (copy.file != NULL)
        file_keep(copy.file);
    // In its place, if what follows is free.
    if ((flags & 2) == 0 && start + old_size == area->end
        && find_gap(space, area->end, size - old_size, PAGE) == (i64)area->end && start + size <= space->map_top) {
        error = map_area(space, area->end, size - old_size, copy.rights, copy.flags, copy.file,
                         copy.offset + old_size / PAGE);
        to = start;
    } else if ((flags & 1) == 0) {
        error = -ENOMEM;
    } else {
        if ((flags & 2) != 0) {
            to = new_start;
            error = new_start % PAGE != 0 || !user_range(new_start, size) || new_start < PAGE
                 || new_start + size > TRAMPOLINE || (new_start < start + old_size && start < new_start + size)
                  ? -EINVAL : unmap_area(space, new_start, size);
        } else {
            to = find_gap(space, 0, size, PAGE);
            error = to < 0 ? to : 0;
        }
        if (error == 0)
            error = map_area(space, to, size, copy.rights, copy.flags, copy.file, copy.offset);
        if (error == 0 && !move_pages(space, start, to, MIN(old_size, size))) {
            unmap_area(space, to, size);
            error = -ENOMEM;
        }
        if (error == 0)
            error = unmap_area(space, start, old_size);
    }
    if (copy.file != NULL)
        file_drop(copy.file);
    return error != 0 ? error : to;
}

static bool is_mapped(struct space *space, u64 start, u64 end)
{
    struct area *area;

    for (area = find_area(space, start); area != NULL && area->start <= start && start < end; area = area->next)
        start = area->end;
    return start >= end;
}

enum { MADV_DONTNEED = 4, MADV_FREE = 8, MADV_REMOVE = 9 };

i64 sys_madvise(u64 start, u64 size, u64 advice)
{
    struct space *space = current->process->space;
    u64 rounded;
    i64 error = whole_pages(start, size, &rounded);

    if (error != 0)
        return -EINVAL;
    switch (advice) {
    case MADV_DONTNEED:
    case MADV_FREE:
        discard_pages(space, start, start + rounded);
        return is_mapped(space, start, start + rounded) ? 0 : -ENOMEM;
    case 0 ... 3: case 10 ... 17: case 20: case 21: case 25:
        return is_mapped(space, start, start + rounded) ? 0 : -ENOMEM;
    default:
        return -EINVAL;
    }
}

i64 sys_msync(u64 start, u64 size, u64 flags)
{
    struct space *space = current->process->space;
    u64 rounded;
    i64 error = whole_pages(start, size, &rounded);

    if (error != 0 || (flags & ~7UL) != 0 || (flags & 5) == 5)
        return error != 0 ? error : -EINVAL;
    if (!is_mapped(space, start, start + rounded))
        return -ENOMEM;
    for (struct area *area = space->areas; area != NULL; area = area->next)
        if (area->start < start + rounded && start < area->end && area->file != NULL
            && (area->flags & AREA_SHARED) != 0) {
            i64 result = cache_sync(area->file->inode);
            if (result != 0)
                error = result;
        }
    return error;
}

i64 sys_mincore(u64 start, u64 size, u64 to)
{
    struct space *space = current->process->space;
    u64 rounded;
    i64 error = whole_pages(start, size, &rounded);

    if (error != 0)
        return error;
    if (!is_mapped(space, start, start + rounded))
        return -ENOMEM;
    for (u64 va = start; va < start + rounded; va += PAGE) {
        u64 *entry = find_entry(space->root, va, 0);
        struct area *area = find_area(space, va);
        u8 there = entry != NULL ? is_present(*entry) : (area->flags & AREA_LARGE) != 0;
        if (!there && area->file != NULL)
            there = cache_find(area->file->inode, area->offset + (va - area->start) / PAGE) != NULL;
        if (copy_out(to + (va - start) / PAGE, &there, 1) != 0)
            return -EFAULT;
    }
    return 0;
}

i64 sys_mlock(u64 start, u64 size)
{
    return user_range(start, size) && is_mapped(current->process->space, ROUND_DOWN(start, PAGE), start + size) ? 0 : -ENOMEM;
}

i64 sys_nothing(void)
{
    return 0;
}

i64 sys_membarrier(u64 command)
{
    return command == 0 ? 0 : -EINVAL;
}

i64 sys_riscv_flush_icache(void)
{
    fence_code();
    return 0;
}
