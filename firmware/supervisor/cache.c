// The page cache: pages of files in memory, found by (inode, number).  Reads, writes and mappings of
// a file all use these frames, so they agree.  Writes go to the file at once; what is stored through
// a mapping is written when D says so (cache_sync).

#include "file.h"

enum { BUCKETS = 4096, CLUSTER = 16, BOUNCE_PAGES = 4 };

static struct frame *buckets[BUCKETS];
static u8 bounce[BOUNCE_PAGES * PAGE] __attribute__((section(".uncleared"), aligned(PAGE)));

static struct frame **bucket(const struct inode *inode, u64 index)
{
    return &buckets[((u64)inode / 32 * 0x9e3779b9 + index) % BUCKETS];
}

struct frame *cache_find(struct inode *inode, u64 index)
{
    struct frame *frame;

    for (frame = *bucket(inode, index); frame != NULL; frame = frame->next)
        if (frame->inode == inode && frame->index == index)
            return frame;
    return NULL;
}

static void insert(struct inode *inode, u64 index, struct frame *frame)
{
    struct frame **chain = bucket(inode, index);

    frame->inode = inode;
    frame->index = index;
    frame->flags = inode->operations->write == NULL ? FRAME_PINNED : FRAME_RECENT;
    frame->next = *chain;
    *chain = frame;
    frame->inode_next = inode->pages;
    if (inode->pages != NULL)
        inode->pages->inode_previous = frame;
    inode->pages = frame;
    inode->page_count++;
}

// Takes a page out of the cache; processes that have it mapped keep the frame.
void cache_remove(struct frame *frame)
{
    struct frame **link = bucket(frame->inode, frame->index);

    while (*link != frame)
        link = &(*link)->next;
    *link = frame->next;
    if (frame->inode_previous != NULL)
        frame->inode_previous->inode_next = frame->inode_next;
    else
        frame->inode->pages = frame->inode_next;
    if (frame->inode_next != NULL)
        frame->inode_next->inode_previous = frame->inode_previous;
    frame->inode->page_count--;
    frame->inode = NULL;
    frame->inode_next = frame->inode_previous = NULL;
    frame_drop(frame_physical(frame));
}

// Reads a page, and those after it that are not there yet.
static i64 read_cluster(struct inode *inode, u64 index)
{
    u64 physical[CLUSTER], count, end = (inode->size + PAGE - 1) / PAGE;
    bool in_memory = inode->operations->write == NULL;
    u64 most = in_memory ? 1 : CLUSTER;
    i64 error;

    // Files that live in memory must leave some for those who run, unless the page only comes back.
    if (in_memory && !shared_swap_has(inode, index) && !frames_plenty())
        return -ENOMEM;
    for (count = 0; count < most && index + count < end; count++) {
        if (count != 0 && (frames_free() < 512 || cache_find(inode, index + count) != NULL))
            break;
        physical[count] = frame_take(FRAME_CACHE);
        if (physical[count] == 0)
            break;
    }
    if (count == 0)
        return -ENOMEM;
    error = in_memory ? shared_swap_in(inode, index, physical[0]) : 0;
    if (error == 0)
        error = inode->operations->read_pages(inode, index, physical, count);
    else if (error > 0)
        error = 0; // it was on the swap disk
    for (u64 i = 0; i < count; i++) {
        if (error != 0)
            frame_drop(physical[i]);
        else
            insert(inode, index + i, frame_of(physical[i]));
    }
    return error;
}

// Finds a page or reads it.  The caller gets a reference.
i64 cache_get(struct inode *inode, u64 index, struct frame **found)
{
    struct frame *frame = cache_find(inode, index);
    i64 error;

    if (frame == NULL) {
        if (index >= (inode->size + PAGE - 1) / PAGE || index > 0xffffffff
            || inode->operations->read_pages == NULL)
            return -ENXIO;
        error = read_cluster(inode, index);
        if (error != 0)
            return error;
        frame = cache_find(inode, index);
    }
    if ((frame->flags & FRAME_RECENT) == 0)
        frame->flags |= FRAME_RECENT;
    frame->refs++;
    *found = frame;
    return 0;
}

// One loop for both ways of reading: `to` is the kernel's or a process's.
static i64 read(struct inode *inode, u64 offset, u64 to, u64 size, bool out)
{
    u64 done = 0;

    if (offset >= inode->size)
        return 0;
    size = MIN(size, inode->size - offset);
    while (done < size) {
        u64 within = (offset + done) % PAGE, part = MIN(size - done, PAGE - within);
        struct frame *frame;
        u8 *from;
        i64 error = cache_get(inode, (offset + done) / PAGE, &frame);

        if (error != 0)
            return done != 0 ? (i64)done : error;
        from = (u8 *)direct(frame_physical(frame)) + within;
        if (out)
            error = copy_out(to + done, from, part);
        else
            memcpy((u8 *)to + done, from, part);
        frame_drop(frame_physical(frame));
        if (error != 0)
            return done != 0 ? (i64)done : error;
        done += part;
    }
    return done;
}

i64 cache_read(struct inode *inode, u64 offset, void *to, u64 size)
{
    return read(inode, offset, (u64)to, size, false);
}

i64 cache_read_out(struct inode *inode, u64 offset, u64 to, u64 size)
{
    return read(inode, offset, to, size, true);
}

// Brings pages of the cache up to date with what was written to the file.
static void update(struct inode *inode, u64 offset, const u8 *from, u64 size)
{
    for (u64 done = 0; done < size && inode->page_count != 0;) {
        u64 within = (offset + done) % PAGE, part = MIN(size - done, PAGE - within);
        struct frame *frame = cache_find(inode, (offset + done) / PAGE);

        if (frame != NULL)
            memcpy((u8 *)direct(frame_physical(frame)) + within, from + done, part);
        done += part;
    }
}

static i64 write_through(struct inode *inode, u64 offset, const u8 *from, u64 size)
{
    i64 written = inode->operations->write(inode, offset, from, size);

    if (written <= 0)
        return written;
    update(inode, offset, from, written);
    inode->size = MAX(inode->size, offset + written);
    return written;
}

// Files that live in memory only: the cache is the file.
static i64 write_memory(struct inode *inode, u64 offset, u64 from, u64 size, bool in)
{
    u64 within = offset % PAGE, part = MIN(size, PAGE - within), before = inode->size;
    struct frame *frame;
    i64 error;

    inode->size = MAX(inode->size, offset + part);
    error = cache_get(inode, offset / PAGE, &frame);
    if (error == 0) {
        u8 *to = (u8 *)direct(frame_physical(frame)) + within;
        if (in)
            error = copy_in(to, from, part);
        else
            memcpy(to, (const void *)from, part);
        frame_drop(frame_physical(frame));
    }
    if (error != 0) {
        inode->size = before;
        return error == -ENOMEM ? -ENOSPC : error;
    }
    return part;
}

static i64 write(struct inode *inode, u64 offset, u64 from, u64 size, bool in)
{
    u64 done = 0;

    if (offset + size < offset || offset + size > 1UL << 43)
        return -EFBIG;
    while (done < size) {
        u64 part = MIN(size - done, sizeof(bounce));
        i64 result = 0;

        if (inode->operations->write == NULL) {
            result = write_memory(inode, offset + done, from + done, size - done, in);
        } else {
            if (in)
                result = copy_in(bounce, from + done, part);
            else
                memcpy(bounce, (const u8 *)from + done, part);
            if (result == 0)
                result = write_through(inode, offset + done, bounce, part);
        }
        if (result <= 0)
            return done != 0 ? (i64)done : result;
        done += result;
    }
    return done;
}

i64 cache_write(struct inode *inode, u64 offset, u64 from, u64 size)
{
    return write(inode, offset, from, size, true);
}

i64 cache_write_kernel(struct inode *inode, u64 offset, const void *from, u64 size)
{
    return write(inode, offset, (u64)from, size, false);
}

// Forgets pages from a number on.
void cache_drop(struct inode *inode, u64 from_page)
{
    shared_swap_cut(inode, from_page);
    for (struct frame *frame = inode->pages, *next; frame != NULL; frame = next) {
        next = frame->inode_next;
        if (frame->index >= from_page)
            cache_remove(frame);
    }
}

// The file has a new length.
i64 cache_resize(struct inode *inode, u64 size)
{
    if (size < inode->size) {
        u64 whole = (size + PAGE - 1) / PAGE;
        struct frame *last = NULL;

        // What is behind the end in the last page is to be zero, wherever that page is.
        if (size % PAGE != 0 && shared_swap_has(inode, size / PAGE)) {
            i64 error = cache_get(inode, size / PAGE, &last);
            if (error != 0)
                return error;
            frame_drop(frame_physical(last));
        }
        last = size % PAGE == 0 ? NULL : cache_find(inode, size / PAGE);
        spaces_cut_file(inode, whole);
        cache_drop(inode, whole);
        if (last != NULL)
            memset((u8 *)direct(frame_physical(last)) + size % PAGE, 0, PAGE - size % PAGE);
    }
    inode->size = size;
    return 0;
}

// Writes a page that was changed through a mapping back to the file.
i64 cache_write_frame(struct frame *frame)
{
    struct inode *inode = frame->inode;
    u64 offset = (u64)frame->index * PAGE;
    i64 written;

    frame->flags &= ~FRAME_DIRTY;
    if (inode->operations->write == NULL || offset >= inode->size)
        return 0;
    written = inode->operations->write(inode, offset, direct(frame_physical(frame)),
                                       MIN((u64)PAGE, inode->size - offset));
    if (written < 0) {
        LOG(1, "a page of a file cannot be written back: error %i\n", -written);
        return written;
    }
    return 0;
}

i64 cache_sync(struct inode *inode)
{
    i64 result = 0;

    if (inode->operations->write == NULL || !inode->mapped_shared)
        return 0;
    spaces_collect_dirty(inode);
    for (struct frame *frame = inode->pages; frame != NULL; frame = frame->inode_next)
        if ((frame->flags & FRAME_DIRTY) != 0) {
            i64 error = cache_write_frame(frame);
            if (error != 0)
                result = error;
        }
    return result;
}
