// Open files that have pages, and open folders.

#include "sys.h"

static i64 read(struct file *file, u64 to, u64 size, u64 *position)
{
    i64 count = cache_read_out(file->inode, *position, to, size);

    if (count > 0)
        *position += count;
    return count;
}

static i64 write(struct file *file, u64 from, u64 size, u64 *position)
{
    i64 count;

    if ((file->flags & O_APPEND) != 0)
        *position = file->inode->size;
    count = cache_write(file->inode, *position, from, size);
    if (count > 0)
        *position += count;
    return count;
}

const struct file_operations regular_operations = { .read = read, .write = write };

static i64 read_folder(struct file *file, u64 to, u64 size, u64 *position)
{
    (void)file, (void)to, (void)size, (void)position;
    return -EISDIR;
}

const struct file_operations folder_operations = { .read = read_folder };

// getdents64: names go to the process one by one, through a page.
struct listing {
    u8 *page;
    u64 room, used, position;
    bool refused;      // a name for which there was no room
};

static bool take(void *context, const char *name, u64 length, u64 id, u8 kind, u64 next)
{
    struct listing *listing = context;
    u64 size = ROUND_UP(19 + length + 1, 8);
    u8 *at = listing->page + listing->used;

    if (listing->used + size > listing->room) {
        listing->refused = true;
        return false;
    }
    memset(at, 0, size);
    memcpy(at, &id, 8);
    memcpy(at + 8, &next, 8);
    at[16] = size;
    at[17] = size >> 8;
    at[18] = kind;
    memcpy(at + 19, name, length);
    listing->used += size;
    listing->position = next;
    return true;
}

i64 sys_getdents64(u64 descriptor, u64 to, u64 size)
{
    struct file *file = file_of((i32)descriptor);
    struct listing listing = { .room = MIN(size, (u64)PAGE) };
    i64 error = 0;

    if (file == NULL)
        return -EBADF;
    if (file->inode == NULL || !IS(file->inode->mode, S_IFDIR) || file->inode->operations->list == NULL)
        return -ENOTDIR;
    listing.page = allocate(PAGE);
    listing.position = file->position;
    if (listing.page == NULL)
        return -ENOMEM;
    // First what the file system has, then (`data` is set) what is pinned.
    if (file->data == NULL)
        error = file->inode->operations->list(file->inode, file->position, take, &listing);
    if (error == 0 && listing.used == 0 && !listing.refused) {
        if (file->data == NULL)
            listing.position = 0;
        file->data = file;
        entries_pinned(file->entry, listing.position, take, &listing);
    }
    if (error == 0 && listing.used == 0 && listing.refused)
        error = -EINVAL; // no room for a single name
    if (error == 0)
        error = copy_out(to, listing.page, listing.used);
    if (error == 0)
        file->position = listing.position;
    release(listing.page);
    return error != 0 ? error : (i64)listing.used;
}
