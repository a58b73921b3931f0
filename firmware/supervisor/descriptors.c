// File descriptors: small numbers for open files.  A fork copies the table, not the files.

#include "task.h"

struct file *file_of(i64 descriptor)
{
    struct files *files = current->process->files;

    if (descriptor < 0 || descriptor >= files->size)
        return NULL;
    return files->table[descriptor];
}

struct files *files_new(void)
{
    struct files *files = allocate(sizeof(*files));

    if (files == NULL)
        return NULL;
    files->refs = 1;
    files->size = 32;
    files->table = allocate(files->size * sizeof(struct file *));
    if (files->table == NULL) {
        release(files);
        return NULL;
    }
    return files;
}

struct files *files_copy(struct files *from)
{
    struct files *files = allocate(sizeof(*files));

    if (files == NULL)
        return NULL;
    *files = *from;
    files->refs = 1;
    files->table = allocate(files->size * sizeof(struct file *));
    if (files->table == NULL) {
        release(files);
        return NULL;
    }
    for (u32 i = 0; i < files->size; i++)
        if (from->table[i] != NULL)
            files->table[i] = file_keep(from->table[i]);
    return files;
}

// The process that had them loses its locks.
void files_drop(struct files *files, struct process *owner)
{
    if (--files->refs != 0)
        return;
    for (u32 i = 0; i < files->size; i++)
        if (files->table[i] != NULL) {
            if (files->table[i]->inode != NULL)
                locks_drop(files->table[i]->inode, owner);
            file_drop(files->table[i]);
        }
    release(files->table);
    release(files);
}

static bool grow(struct files *files, u32 size)
{
    struct file **table;

    if (size > FILES_MAX)
        return false;
    table = allocate(size * sizeof(struct file *));
    if (table == NULL)
        return false;
    memcpy(table, files->table, files->size * sizeof(struct file *));
    release(files->table);
    files->table = table;
    files->size = size;
    return true;
}

static void set_flag(struct files *files, u32 descriptor, bool close_on_exec)
{
    u64 bit = BIT(descriptor % 64);

    if (close_on_exec)
        files->close_on_exec[descriptor / 64] |= bit;
    else
        files->close_on_exec[descriptor / 64] &= ~bit;
}

// The lowest free number from `from` on.  Takes over the reference, also if there is none.
i64 descriptor_new(struct file *file, i64 from, bool close_on_exec)
{
    struct files *files = current->process->files;

    for (u32 i = from; i < FILES_MAX; i++) {
        while (i >= files->size)
            if (!grow(files, files->size * 2)) {
                file_drop(file);
                return -EMFILE;
            }
        if (files->table[i] == NULL) {
            files->table[i] = file;
            set_flag(files, i, close_on_exec);
            return i;
        }
    }
    file_drop(file);
    return -EMFILE;
}

static void close_number(struct files *files, u32 descriptor)
{
    struct file *file = files->table[descriptor];

    files->table[descriptor] = NULL;
    if (file->inode != NULL)
        locks_drop(file->inode, current->process);
    file_drop(file);
}

void files_close_on_exec(struct files *files)
{
    if (files->refs > 1) {
        struct files *own = files_copy(files);
        if (own != NULL) {
            files->refs--;
            current->process->files = files = own;
        }
    }
    for (u32 i = 0; i < files->size; i++)
        if (files->table[i] != NULL && (files->close_on_exec[i / 64] >> i % 64 & 1) != 0)
            close_number(files, i);
}

i64 sys_close(u64 descriptor)
{
    if (file_of((i32)descriptor) == NULL)
        return -EBADF;
    close_number(current->process->files, (u32)descriptor);
    return 0;
}

i64 sys_close_range(u64 first, u64 last, u64 flags)
{
    struct files *files = current->process->files;

    first = (u32)first;
    last = (u32)last;
    if (first > last || flags > 6)
        return -EINVAL;
    for (u64 i = first; i <= last && i < files->size; i++)
        if (files->table[i] != NULL) {
            if ((flags & 4) != 0)
                set_flag(files, i, true);
            else
                close_number(files, i);
        }
    return 0;
}

i64 sys_dup(u64 descriptor)
{
    struct file *file = file_of((i32)descriptor);

    return file == NULL ? -EBADF : descriptor_new(file_keep(file), 0, false);
}

i64 sys_dup3(u64 from, u64 to, u64 flags)
{
    struct files *files = current->process->files;
    struct file *file = file_of((i32)from);

    from = (u32)from;
    to = (u32)to;
    if (file == NULL || to >= FILES_MAX)
        return -EBADF;
    if (from == to || (flags & ~(u64)O_CLOEXEC) != 0)
        return -EINVAL;
    while (to >= files->size)
        if (!grow(files, files->size * 2))
            return -EMFILE;
    file_keep(file);
    if (files->table[to] != NULL)
        close_number(files, to);
    files->table[to] = file;
    set_flag(files, to, (flags & O_CLOEXEC) != 0);
    return to;
}

enum { F_DUPFD = 0, F_GETFD = 1, F_SETFD = 2, F_GETFL = 3, F_SETFL = 4, F_GETLK = 5, F_SETLKW = 7,
       F_GETOWN = 9, F_GETLK_OFD = 36, F_SETLKW_OFD = 38, F_DUPFD_CLOEXEC = 1030, F_GETPIPE_SZ = 1032,
       F_ADD_SEALS = 1033, F_GET_SEALS = 1034 };

i64 sys_fcntl(u64 descriptor, u64 command, u64 argument)
{
    struct files *files = current->process->files;
    struct file *file = file_of((i32)descriptor);
    enum { CHANGEABLE = O_APPEND | O_NONBLOCK | 020000 | 040000 };

    if (file == NULL)
        return -EBADF;
    descriptor = (u32)descriptor;
    command = (u32)command;
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        if (argument >= FILES_MAX)
            return -EINVAL;
        return descriptor_new(file_keep(file), argument, command == F_DUPFD_CLOEXEC);
    case F_GETFD:
        return files->close_on_exec[descriptor / 64] >> descriptor % 64 & 1;
    case F_SETFD:
        set_flag(files, descriptor, argument & 1);
        return 0;
    case F_GETFL:
        return file->flags | (IS(file->inode == NULL ? 0 : file->inode->mode, S_IFREG) ? 0100000 : 0);
    case F_SETFL:
        file->flags = (file->flags & ~(u32)CHANGEABLE) | (argument & CHANGEABLE);
        return 0;
    case F_GETLK ... F_SETLKW:
    case F_GETLK_OFD ... F_SETLKW_OFD:
        return lock_control(file, command, argument);
    case F_GETPIPE_SZ:
        return 65536;
    case F_GETOWN:
        return 0;
    default:
        return -EINVAL;
    }
}
