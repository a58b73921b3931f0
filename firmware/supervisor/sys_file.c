// The system calls on open files.

#include "sys.h"
#include "task.h"

enum { VECTORS_MAX = 1024 };
#define SIZE_MAX_ONCE 0x7ffff000UL
struct vector { u64 base, size; };

// A file that may be used in this way.
static struct file *file_for(u64 descriptor, bool writing, i64 *error)
{
    struct file *file = file_of((i32)descriptor);
    u32 access = file == NULL ? 0 : file->flags & O_ACCMODE;

    *error = file == NULL || (file->flags & O_PATH) != 0 || (writing ? access == 0 : access == O_WRONLY) ? -EBADF : 0;
    return file;
}

static i64 transfer(struct file *file, u64 at, u64 size, u64 *position, bool writing)
{
    i64 (*how)(struct file *, u64, u64, u64 *) = writing ? file->operations->write : file->operations->read;
    i64 result;

    if (how == NULL)
        return -EINVAL;
    if (!user_range(at, size))
        return -EFAULT;
    file_keep(file);
    result = how(file, at, MIN(size, SIZE_MAX_ONCE), position);
    file_drop(file);
    return result;
}

i64 sys_read(u64 descriptor, u64 to, u64 size)
{
    i64 error;
    struct file *file = file_for(descriptor, false, &error);

    return error != 0 ? error : transfer(file, to, size, &file->position, false);
}

i64 sys_write(u64 descriptor, u64 from, u64 size)
{
    i64 error;
    struct file *file = file_for(descriptor, true, &error);

    return error != 0 ? error : transfer(file, from, size, &file->position, true);
}

static i64 transfer_each(struct file *file, u64 vectors, u64 count, u64 *position, bool writing)
{
    struct vector vector;
    i64 done = 0;

    for (u64 i = 0; i < count; i++) {
        i64 result;
        if (copy_in(&vector, vectors + i * sizeof(vector), sizeof(vector)) != 0)
            return done != 0 ? done : -EFAULT;
        if (vector.size == 0)
            continue;
        result = transfer(file, vector.base, vector.size, position == NULL ? &file->position : position, writing);
        if (result < 0)
            return done != 0 ? done : result;
        done += result;
        if ((u64)result < vector.size)
            break;
    }
    return done;
}

// Nothing is done if one of the sizes makes no sense.
static i64 check_vectors(u64 vectors, u64 count)
{
    struct vector vector;

    if (count > VECTORS_MAX)
        return -EINVAL;
    for (u64 i = 0; i < count; i++) {
        if (copy_in(&vector, vectors + i * sizeof(vector), sizeof(vector)) != 0)
            return -EFAULT;
        if ((i64)vector.size < 0)
            return -EINVAL;
    }
    return 0;
}

static i64 transfer_vectors(u64 descriptor, u64 vectors, u64 count, u64 *position, bool writing)
{
    i64 error, result;
    struct file *file = file_for(descriptor, writing, &error);

    if (error != 0)
        return error;
    error = check_vectors(vectors, count);
    if (error != 0)
        return error;
    file_keep(file); // another thread may close it between two of them
    result = transfer_each(file, vectors, count, position, writing);
    file_drop(file);
    return result;
}

i64 sys_readv(u64 descriptor, u64 vectors, u64 count)
{
    return transfer_vectors(descriptor, vectors, count, NULL, false);
}

i64 sys_writev(u64 descriptor, u64 vectors, u64 count)
{
    return transfer_vectors(descriptor, vectors, count, NULL, true);
}

static bool can_seek(const struct file *file)
{
    return file->inode != NULL && (IS(file->inode->mode, S_IFREG) || IS(file->inode->mode, S_IFDIR)
        || IS(file->inode->mode, S_IFBLK)) && file->operations->poll == NULL;
}

static i64 positioned(u64 descriptor, u64 at, u64 size, u64 position, bool writing)
{
    i64 error;
    struct file *file = file_for(descriptor, writing, &error);

    if (error != 0)
        return error;
    if ((i64)position < 0 || (i64)(position + size) < 0)
        return -EINVAL;
    return !can_seek(file) ? -ESPIPE : transfer(file, at, size, &position, writing);
}

i64 sys_pread64(u64 descriptor, u64 to, u64 size, u64 position)
{
    return positioned(descriptor, to, size, position, false);
}

i64 sys_pwrite64(u64 descriptor, u64 from, u64 size, u64 position)
{
    return positioned(descriptor, from, size, position, true);
}

i64 sys_preadv(u64 descriptor, u64 vectors, u64 count, u64 position)
{
    struct file *file = file_of((i32)descriptor);

    if (file != NULL && !can_seek(file))
        return -ESPIPE;
    return (i64)position < 0 ? -EINVAL : transfer_vectors(descriptor, vectors, count, &position, false);
}

i64 sys_pwritev(u64 descriptor, u64 vectors, u64 count, u64 position)
{
    struct file *file = file_of((i32)descriptor);

    if (file != NULL && !can_seek(file))
        return -ESPIPE;
    return (i64)position < 0 ? -EINVAL : transfer_vectors(descriptor, vectors, count, &position, true);
}

i64 sys_preadv2(u64 descriptor, u64 vectors, u64 count, u64 position, u64 high, u64 flags)
{
    (void)high;
    if (flags != 0)
        return -EOPNOTSUPP;
    return position == ~0UL ? sys_readv(descriptor, vectors, count) : sys_preadv(descriptor, vectors, count, position);
}

i64 sys_pwritev2(u64 descriptor, u64 vectors, u64 count, u64 position, u64 high, u64 flags)
{
    (void)high;
    if (flags != 0)
        return -EOPNOTSUPP;
    return position == ~0UL ? sys_writev(descriptor, vectors, count) : sys_pwritev(descriptor, vectors, count, position);
}

enum { SEEK_SET = 0, SEEK_CUR = 1, SEEK_END = 2, SEEK_DATA = 3, SEEK_HOLE = 4 };

i64 sys_lseek(u64 descriptor, u64 offset, u64 whence)
{
    struct file *file = file_of((i32)descriptor);
    struct attributes about;
    u64 size;
    i64 to;

    if (file == NULL || (file->flags & O_PATH) != 0)
        return -EBADF;
    if (!can_seek(file))
        return file->inode != NULL && IS(file->inode->mode, S_IFCHR) && file->operations->poll == NULL ? 0 : -ESPIPE;
    size = file->inode->size;
    if (whence >= SEEK_END && inode_attributes(file->inode, &about) == 0)
        size = MAX(size, IS(about.mode, S_IFREG) ? about.size : 0);
    switch (whence) {
    case SEEK_SET: to = offset; break;
    case SEEK_CUR: to = file->position + offset; break;
    case SEEK_END: to = size + offset; break;
    case SEEK_DATA: // there are no holes
        if ((i64)offset < 0 || offset >= size)
            return -ENXIO;
        to = offset;
        break;
    case SEEK_HOLE:
        if ((i64)offset < 0 || offset >= size)
            return -ENXIO;
        to = size;
        break;
    default: return -EINVAL;
    }
    if (to < 0)
        return -EINVAL;
    if (IS(file->inode->mode, S_IFDIR))
        file->data = NULL; // a listing begins again
    return file->position = to;
}

i64 sys_ioctl(u64 descriptor, u64 request, u64 argument)
{
    struct file *file = file_of((i32)descriptor);
    struct files *files = current->process->files;
    u32 value;

    if (file == NULL || (file->flags & O_PATH) != 0)
        return -EBADF;
    descriptor = (u32)descriptor;
    switch (request & 0xffffffff) {
    case 0x5451: // FIOCLEX
        files->close_on_exec[descriptor / 64] |= BIT(descriptor % 64);
        return 0;
    case 0x5450: // FIONCLEX
        files->close_on_exec[descriptor / 64] &= ~BIT(descriptor % 64);
        return 0;
    case 0x5421: // FIONBIO
        if (copy_in(&value, argument, 4) != 0)
            return -EFAULT;
        file->flags = value != 0 ? file->flags | O_NONBLOCK : file->flags & ~(u32)O_NONBLOCK;
        return 0;
    case 0x541b: // FIONREAD
        if (file->operations == &regular_operations) {
            value = file->inode->size > file->position ? file->inode->size - file->position : 0;
            return copy_out(argument, &value, 4);
        }
        break;
    }
    return file->operations->control == NULL ? -ENOTTY : file->operations->control(file, request & 0xffffffff, argument);
}

static i64 resize(struct inode *inode, u64 size)
{
    struct change change = { .valid = SET_SIZE, .size = size };

    if ((i64)size < 0)
        return -EINVAL;
    if (!IS(inode->mode, S_IFREG))
        return IS(inode->mode, S_IFDIR) ? -EISDIR : -EINVAL;
    if (size > 1UL << 43)
        return -EFBIG;
    return inode_change(inode, &change);
}

i64 sys_ftruncate(u64 descriptor, u64 size)
{
    i64 error;
    struct file *file = file_for(descriptor, true, &error);

    if (error != 0)
        return error == -EBADF && file != NULL ? -EINVAL : error;
    return file->inode == NULL ? -EINVAL : resize(file->inode, size);
}

i64 sys_truncate(u64 path_at, u64 size)
{
    struct entry *entry;
    char *path;
    i64 error = path_in(path_at, &path);

    if (error != 0)
        return error;
    error = resolve(current->process->place->folder, path, FOLLOW, &entry);
    release(path);
    if (error != 0)
        return error;
    error = resize(entry->inode, size);
    entry_drop(entry);
    return error;
}

i64 sys_fallocate(u64 descriptor, u64 mode, u64 offset, u64 size)
{
    i64 error;
    struct file *file = file_for(descriptor, true, &error);

    if (error != 0)
        return error;
    if ((i64)offset < 0 || (i64)size <= 0)
        return -EINVAL;
    if ((mode & ~1UL) != 0)
        return -EOPNOTSUPP;
    if (file->inode == NULL || !IS(file->inode->mode, S_IFREG))
        return -ENODEV;
    if (offset + size > 1UL << 43)
        return -EFBIG;
    return (mode & 1) != 0 || offset + size <= file->inode->size ? 0 : resize(file->inode, offset + size);
}

i64 sys_fsync(u64 descriptor)
{
    struct file *file = file_of((i32)descriptor);
    i64 error;

    if (file == NULL)
        return -EBADF;
    if (file->inode == NULL || !IS(file->inode->mode, S_IFREG))
        return file->inode != NULL && IS(file->inode->mode, S_IFDIR) ? 0 : -EINVAL;
    error = cache_sync(file->inode);
    if (error == 0 && file->inode->operations->sync != NULL)
        error = file->inode->operations->sync(file->inode);
    return error;
}

i64 sys_sync(void)
{
    inodes_sync();
    return 0;
}

i64 sys_fadvise64(u64 descriptor, u64 offset, u64 size, u64 advice)
{
    (void)offset, (void)size;
    return file_of((i32)descriptor) == NULL ? -EBADF : advice > 5 ? -EINVAL : 0;
}

i64 sys_readahead(u64 descriptor)
{
    return file_of((i32)descriptor) == NULL ? -EBADF : 0;
}

// Copies between files through the process's own memory are not possible: a page of the kernel's.
static i64 copy_between(struct file *from, u64 *from_position, struct file *to, u64 *to_position, u64 size)
{
    struct inode *inode = from->inode;
    u64 done = 0, bounce_at;
    i64 result = 0;

    if (inode == NULL || from->operations != &regular_operations)
        return -EINVAL;
    // Writing takes addresses of a process, so a page of it is borrowed below the stack's limit.
    bounce_at = find_gap(current->process->space, 0, 16 * PAGE, PAGE);
    if ((i64)bounce_at < 0
        || map_area(current->process->space, bounce_at, 16 * PAGE, RIGHT_READ | RIGHT_WRITE, 0, NULL, 0) != 0)
        return -ENOMEM;
    file_keep(from);
    file_keep(to);
    while (done < size) {
        i64 count = cache_read_out(inode, *from_position, bounce_at, MIN(size - done, 16UL * PAGE));
        if (count <= 0) {
            result = count;
            break;
        }
        result = to->operations->write == NULL ? -EINVAL : to->operations->write(to, bounce_at, count, to_position);
        if (result <= 0)
            break;
        *from_position += result;
        done += result;
        if (result < count)
            break;
    }
    file_drop(from);
    file_drop(to);
    unmap_area(current->process->space, bounce_at, 16 * PAGE);
    return done != 0 ? (i64)done : result;
}

i64 sys_sendfile(u64 to_descriptor, u64 from_descriptor, u64 position_at, u64 size)
{
    i64 error, to_error, result;
    struct file *from = file_for(from_descriptor, false, &error), *to = file_for(to_descriptor, true, &to_error);
    u64 position;

    if (error != 0 || to_error != 0)
        return -EBADF;
    if (position_at == 0)
        return copy_between(from, &from->position, to, &to->position, MIN(size, SIZE_MAX_ONCE));
    if (copy_in(&position, position_at, 8) != 0)
        return -EFAULT;
    result = copy_between(from, &position, to, &to->position, MIN(size, SIZE_MAX_ONCE));
    return copy_out(position_at, &position, 8) != 0 ? -EFAULT : result;
}

i64 sys_copy_file_range(u64 from_descriptor, u64 from_at, u64 to_descriptor, u64 to_at, u64 size, u64 flags)
{
    i64 error, to_error, result;
    struct file *from = file_for(from_descriptor, false, &error), *to = file_for(to_descriptor, true, &to_error);
    u64 from_position, to_position;

    if (error != 0 || to_error != 0)
        return -EBADF;
    if (flags != 0 || to->operations != &regular_operations)
        return -EINVAL;
    from_position = from->position;
    to_position = to->position;
    if ((from_at != 0 && copy_in(&from_position, from_at, 8) != 0)
        || (to_at != 0 && copy_in(&to_position, to_at, 8) != 0))
        return -EFAULT;
    result = copy_between(from, &from_position, to, &to_position, MIN(size, SIZE_MAX_ONCE));
    if (from_at == 0)
        from->position = from_position;
    else if (copy_out(from_at, &from_position, 8) != 0)
        return -EFAULT;
    if (to_at == 0)
        to->position = to_position;
    else if (copy_out(to_at, &to_position, 8) != 0)
        return -EFAULT;
    return result;
}

i64 sys_memfd_create(u64 name, u64 flags)
{
    struct inode *inode;
    struct file *file;
    char text[256];
    i64 length = text_in(text, name, sizeof(text) - 6);

    if (length < 0)
        return length == -ENAMETOOLONG ? -EINVAL : length;
    if ((flags & ~3UL) != 0)
        return -EINVAL;
    inode = memory_file();
    file = inode == NULL ? NULL : file_new(&regular_operations, O_RDWR);
    if (file == NULL)
        return -ENOMEM;
    file->inode = inode;
    return descriptor_new(file, 0, (flags & 1) != 0);
}
