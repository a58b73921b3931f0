// The system calls on names.

#include "sys.h"
#include "task.h"

i64 path_in(u64 from, char **path)
{
    char *text = allocate(PATH_MAX);
    i64 length = text == NULL ? -ENOMEM : text_in(text, from, PATH_MAX);

    if (length < 0) {
        release(text);
        return length;
    }
    *path = text;
    return 0;
}

// Where a relative path begins.
i64 folder_of(i64 descriptor, const char *path, struct entry **folder)
{
    struct file *file;

    *folder = current->process->place->folder;
    if (path[0] == '/' || (i32)descriptor == AT_FDCWD)
        return 0;
    file = file_of((i32)descriptor);
    if (file == NULL)
        return -EBADF;
    if (file->entry == NULL)
        return -ENOTDIR;
    *folder = file->entry;
    return 0;
}

// What is open; what has no inode, as a pipe, is known by its data.
static void found_open(struct file *file, struct found *found)
{
    found->inode = file->inode == NULL ? NULL : inode_keep(file->inode);
    found->id = file_id(file);
}

static i64 find_descriptor(u64 descriptor, struct found *found)
{
    struct file *file = file_of((i32)descriptor);

    if (file == NULL)
        return -EBADF;
    found_open(file, found);
    return 0;
}

static i64 find_entry_of(u64 descriptor, const char *path, u32 how, bool may_be_empty, struct entry **entry)
{
    struct entry *folder;
    i64 error = folder_of(descriptor, path, &folder);

    if (error == 0 && may_be_empty && path[0] == 0)
        *entry = entry_keep(folder);
    else if (error == 0)
        error = resolve(folder, path, (how & FOLLOW) != 0 ? how | STOP_AT_DESCRIPTOR : how, entry);
    return error;
}

// See sys.h.
i64 find_path(u64 descriptor, u64 path_at, u32 how, bool may_be_empty, struct found *found)
{
    struct file *file = NULL;
    char *path = NULL;
    i64 error = may_be_empty && path_at == 0 ? 0 : path_in(path_at, &path);

    *found = (struct found) { 0 };
    if (error != 0)
        return error;
    if (path == NULL)
        path = copy_text("");
    if (path == NULL)
        return -ENOMEM;
    if (may_be_empty && path[0] == 0 && (i32)descriptor != AT_FDCWD)
        error = find_descriptor(descriptor, found);
    else
        error = find_entry_of(descriptor, path, how, may_be_empty, &found->entry);
    release(path);
    if (error != 0 || found->entry == NULL)
        return error;
    if ((how & FOLLOW) != 0)
        file = proc_descriptor(found->entry->inode);
    if (file != NULL) { // /dev/stdin and the like: what is open, whatever it is
        entry_drop(found->entry);
        found->entry = file->entry == NULL ? NULL : entry_keep(file->entry);
        found_open(file, found);
        return 0;
    }
    found->inode = inode_keep(found->entry->inode);
    return 0;
}

void found_done(struct found *found)
{
    if (found->entry != NULL)
        entry_drop(found->entry);
    if (found->inode != NULL)
        inode_drop(found->inode);
}

i64 sys_openat(u64 descriptor, u64 path_at, u64 flags, u64 mode)
{
    struct entry *folder;
    struct file *file;
    char *path;
    i64 error = path_in(path_at, &path);

    if (error != 0)
        return error;
    error = folder_of(descriptor, path, &folder);
    if (error == 0 && (flags & O_TMPFILE) == O_TMPFILE)
        error = -EOPNOTSUPP;
    if (error == 0)
        error = open_path(folder, path, flags, mode & ~(u64)current->process->place->mask, &file);
    release(path);
    return error != 0 ? error : descriptor_new(file, 0, (flags & O_CLOEXEC) != 0);
}

i64 sys_readlinkat(u64 descriptor, u64 path, u64 to, u64 size)
{
    struct found found;
    struct inode *inode;
    char *target;
    i64 length, error;

    if ((i32)size <= 0)
        return -EINVAL;
    error = find_path(descriptor, path, 0, false, &found);
    if (error != 0)
        return error;
    inode = found.inode;
    target = allocate(PATH_MAX);
    length = target == NULL ? -ENOMEM
           : inode->operations->read_link == NULL || !IS(inode->mode, S_IFLNK) ? -EINVAL
           : inode->operations->read_link(inode, target, MIN(size, (u64)PATH_MAX));
    if (length > 0 && copy_out(to, target, length) != 0)
        length = -EFAULT;
    release(target);
    found_done(&found);
    return length;
}

// The folder that a name of the process is in, and the name (room for NAME_MAX + 1).
static i64 parent_of(u64 descriptor, u64 path_at, struct entry **folder, char *name, bool *wants_folder)
{
    struct entry *base;
    char *path;
    i64 error = path_in(path_at, &path);

    if (error != 0)
        return error;
    error = folder_of(descriptor, path, &base);
    if (error == 0)
        error = resolve_parent(base, path, folder, name, wants_folder);
    release(path);
    return error;
}

static bool is_dots(const char *name)
{
    return same(name, ".") || same(name, "..");
}

// What is common to all calls that make a name.
static i64 make(u64 descriptor, u64 path_at, u32 mode, const char *target, struct inode *existing)
{
    char name[NAME_MAX + 1];
    struct entry *folder, *entry;
    struct inode *inode;
    bool wants_folder;
    i64 error = parent_of(descriptor, path_at, &folder, name, &wants_folder);

    if (error != 0)
        return error;
    if (is_dots(name)) {
        error = -EEXIST;
    } else if (entry_child(folder, name, &entry) == 0) {
        entry_drop(entry);
        error = -EEXIST;
    } else if (wants_folder && !IS(mode, S_IFDIR)) {
        error = -ENOENT;
    } else if (existing != NULL) {
        error = existing->system != folder->inode->system ? -EXDEV
              : folder->inode->operations->link == NULL ? -EPERM
              : folder->inode->operations->link(folder->inode, name, existing);
    } else if (folder->inode->operations->make == NULL) {
        error = -EROFS;
    } else {
        error = folder->inode->operations->make(folder->inode, name, mode, target, &inode);
        if (error == 0)
            inode_drop(inode);
    }
    if (error == 0)
        entry_forget(folder, name);
    entry_drop(folder);
    return error;
}

i64 sys_mkdirat(u64 descriptor, u64 path, u64 mode)
{
    return make(descriptor, path, S_IFDIR | (mode & 07777 & ~(u64)current->process->place->mask), NULL, NULL);
}

i64 sys_mknodat(u64 descriptor, u64 path, u64 mode)
{
    if ((mode & S_IFMT) == 0)
        mode |= S_IFREG;
    if (!IS(mode, S_IFREG) && !IS(mode, S_IFIFO))
        return -EPERM;
    return make(descriptor, path, mode & ~(u64)current->process->place->mask, NULL, NULL);
}

i64 sys_symlinkat(u64 target_at, u64 descriptor, u64 path)
{
    char *target;
    i64 error = path_in(target_at, &target);

    if (error != 0)
        return error;
    error = target[0] == 0 ? -ENOENT : make(descriptor, path, S_IFLNK | 0777, target, NULL);
    release(target);
    return error;
}

i64 sys_linkat(u64 old_descriptor, u64 old_path, u64 descriptor, u64 path, u64 flags)
{
    struct found found;
    i64 error;

    if ((flags & ~(u64)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) != 0)
        return -EINVAL;
    error = find_path(old_descriptor, old_path, (flags & AT_SYMLINK_FOLLOW) != 0 ? FOLLOW : 0,
                 (flags & AT_EMPTY_PATH) != 0, &found);
    if (error != 0)
        return error;
    error = found.inode == NULL || IS(found.inode->mode, S_IFDIR) ? -EPERM
          : make(descriptor, path, S_IFREG, NULL, found.inode);
    found_done(&found);
    return error;
}

static i64 unlink(struct entry *folder, const char *name, bool is_folder, bool wants_folder)
{
    struct entry *entry;
    i64 error = entry_child(folder, name, &entry);
    bool found_folder;

    if (error != 0)
        return error;
    found_folder = IS(entry->inode->mode, S_IFDIR);
    if (entry->pinned)
        error = -EBUSY;
    else if (is_folder != found_folder)
        error = is_folder ? -ENOTDIR : -EISDIR;
    else if (wants_folder && !found_folder)
        error = -ENOTDIR;
    else if (folder->inode->operations->unlink == NULL)
        error = -EROFS;
    else
        error = folder->inode->operations->unlink(folder->inode, name, entry->inode, is_folder);
    if (error == 0)
        entry_forget(folder, name);
    entry_drop(entry);
    return error;
}

i64 sys_unlinkat(u64 descriptor, u64 path_at, u64 flags)
{
    char name[NAME_MAX + 1];
    struct entry *folder;
    bool wants_folder, is_folder = (flags & AT_REMOVEDIR) != 0;
    i64 error;

    if ((flags & ~(u64)AT_REMOVEDIR) != 0)
        return -EINVAL;
    error = parent_of(descriptor, path_at, &folder, name, &wants_folder);
    if (error != 0)
        return error;
    if (is_dots(name))
        error = !is_folder ? -EISDIR : name[1] == 0 ? -EINVAL : -ENOTEMPTY;
    else
        error = unlink(folder, name, is_folder, wants_folder);
    entry_drop(folder);
    return error;
}

static bool is_below(struct entry *entry, const struct entry *above)
{
    for (; entry != root_entry; entry = entry->parent)
        if (entry == above)
            return true;
    return false;
}

static i64 rename(struct entry *folder, const char *name, struct entry *to, const char *new_name, bool exclusive)
{
    struct entry *entry, *other = NULL;
    i64 error = entry_child(folder, name, &entry);

    if (error != 0)
        return error;
    if (entry_child(to, new_name, &other) == 0 && exclusive)
        error = -EEXIST;
    else if (entry->pinned || (other != NULL && other->pinned))
        error = -EBUSY;
    else if (folder->inode->system != to->inode->system)
        error = -EXDEV;
    else if (is_below(to, entry))
        error = -EINVAL;
    else if (other != NULL && IS(other->inode->mode, S_IFDIR) && !IS(entry->inode->mode, S_IFDIR))
        error = -EISDIR;
    else if (other != NULL && !IS(other->inode->mode, S_IFDIR) && IS(entry->inode->mode, S_IFDIR))
        error = -ENOTDIR;
    else if (folder->inode->operations->rename == NULL)
        error = -EROFS;
    else if (other == NULL || other->inode != entry->inode)
        error = folder->inode->operations->rename(folder->inode, name, to->inode, new_name);
    if (error == 0 && (other == NULL || other->inode != entry->inode))
        entry_moved(folder, name, to, new_name);
    if (other != NULL)
        entry_drop(other);
    entry_drop(entry);
    return error;
}

i64 sys_renameat2(u64 old_descriptor, u64 old_path, u64 new_descriptor, u64 new_path, u64 flags)
{
    char names[2][NAME_MAX + 1];
    struct entry *folders[2] = { NULL, NULL };
    bool wants_folder;
    i64 error = (flags & ~1UL) != 0 ? -EINVAL : 0;

    for (int i = 0; i < 2 && error == 0; i++) {
        error = parent_of(i == 0 ? old_descriptor : new_descriptor, i == 0 ? old_path : new_path, &folders[i], names[i],
                          &wants_folder);
        if (error != 0)
            folders[i] = NULL;
        else if (is_dots(names[i]))
            error = -EBUSY;
    }
    if (error == 0)
        error = rename(folders[0], names[0], folders[1], names[1], flags & 1);
    for (int i = 0; i < 2; i++)
        if (folders[i] != NULL)
            entry_drop(folders[i]);
    return error;
}

i64 sys_getcwd(u64 to, u64 size)
{
    char *path = allocate(PATH_MAX);
    i64 length = path == NULL ? -ENOMEM : entry_path(current->process->place->folder, path, PATH_MAX);

    if (length > 0) {
        if (current->process->place->folder->unlinked)
            length = -ENOENT;
        else if ((u64)length + 1 > size)
            length = -ERANGE;
        else if (copy_out(to, path, length + 1) != 0)
            length = -EFAULT;
        else
            length++;
    }
    release(path);
    return length;
}

static i64 change_folder(struct entry *entry)
{
    struct place *place = current->process->place;

    if (!IS(entry->inode->mode, S_IFDIR))
        return -ENOTDIR;
    entry_keep(entry);
    entry_drop(place->folder);
    place->folder = entry;
    return 0;
}

i64 sys_chdir(u64 path)
{
    struct found found;
    i64 error = find_path(AT_FDCWD, path, FOLLOW, false, &found);

    if (error != 0)
        return error;
    error = found.entry == NULL ? -ENOTDIR : change_folder(found.entry);
    found_done(&found);
    return error;
}

i64 sys_fchdir(u64 descriptor)
{
    struct file *file = file_of((i32)descriptor);

    return file == NULL ? -EBADF : file->entry == NULL ? -ENOTDIR : change_folder(file->entry);
}

i64 sys_umask(u64 mask)
{
    u32 before = current->process->place->mask;

    current->process->place->mask = mask & 0777;
    return before;
}
