// The system calls on names.

#include "clock.h"
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

// The entry that (descriptor, path) means; an empty path is the descriptor's own file if allowed.
static i64 find(u64 descriptor, u64 path_at, u32 how, bool may_be_empty, struct entry **entry, struct inode **inode)
{
    struct entry *folder;
    struct file *file;
    char *path;
    i64 error = may_be_empty && path_at == 0 ? 0 : path_in(path_at, &path);

    if (error != 0)
        return error;
    if (path_at == 0)
        path = copy_text("");
    *entry = NULL;
    if (path == NULL)
        return -ENOMEM;
    if (may_be_empty && path[0] == 0 && (i32)descriptor != AT_FDCWD) {
        file = file_of((i32)descriptor);
        if (file == NULL) {
            error = -EBADF;
        } else if (file->inode == NULL) {
            *inode = NULL;
        } else {
            *inode = inode_keep(file->inode);
        }
    } else {
        error = folder_of(descriptor, path, &folder);
        if (error == 0 && may_be_empty && path[0] == 0)
            *entry = entry_keep(folder);
        else if (error == 0)
            error = resolve(folder, path, how, entry);
        if (error == 0)
            *inode = inode_keep((*entry)->inode);
    }
    release(path);
    return error;
}

static void done(struct entry *entry, struct inode *inode)
{
    if (entry != NULL)
        entry_drop(entry);
    if (inode != NULL)
        inode_drop(inode);
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

struct stat {
    u64 device, id;
    u32 mode, links, user, group;
    u64 special, unused;
    i64 size;
    i32 block_size, unused2;
    i64 blocks;
    struct timestamp accessed, modified, changed;
    u32 unused3[2];
};

static i64 attributes_of(struct inode *inode, struct attributes *about)
{
    if (inode != NULL)
        return inode_attributes(inode, about);
    *about = (struct attributes) { .mode = S_IFIFO | 0600, .links = 1, .device = 67, .id = 1 };
    return 0;
}

static i64 stat_out(struct inode *inode, u64 to)
{
    struct attributes about;
    struct stat stat;
    i64 error = attributes_of(inode, &about);

    if (error != 0)
        return error;
    memset(&stat, 0, sizeof(stat));
    stat.device = about.device;
    stat.id = about.id;
    stat.mode = about.mode;
    stat.links = about.links;
    stat.user = about.user;
    stat.group = about.group;
    stat.special = about.special;
    stat.size = about.size;
    stat.block_size = PAGE;
    stat.blocks = about.blocks;
    stat.accessed = about.accessed;
    stat.modified = about.modified;
    stat.changed = about.changed;
    return copy_out(to, &stat, sizeof(stat));
}

i64 sys_fstat(u64 descriptor, u64 to)
{
    struct file *file = file_of((i32)descriptor);

    return file == NULL ? -EBADF : stat_out(file->inode, to);
}

i64 sys_newfstatat(u64 descriptor, u64 path, u64 to, u64 flags)
{
    struct entry *entry;
    struct inode *inode;
    i64 error;

    if ((flags & ~(u64)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | 0x800)) != 0)
        return -EINVAL;
    error = find(descriptor, path, (flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : FOLLOW, (flags & AT_EMPTY_PATH) != 0,
                 &entry, &inode);
    if (error != 0)
        return error;
    error = stat_out(inode, to);
    done(entry, inode);
    return error;
}

struct statx_time { i64 seconds; u32 nanoseconds, unused; };
struct statx {
    u32 mask, block_size;
    u64 attributes;
    u32 links, user, group;
    u16 mode, unused;
    u64 id, size, blocks, attributes_mask;
    struct statx_time accessed, created, changed, modified;
    u32 special_major, special_minor, device_major, device_minor;
    u64 mount, room[13];
};

static struct statx_time statx_time(struct timestamp time)
{
    return (struct statx_time) { time.seconds, time.nanoseconds, 0 };
}

i64 sys_statx(u64 descriptor, u64 path, u64 flags, u64 mask, u64 to)
{
    struct attributes about;
    struct entry *entry;
    struct inode *inode;
    struct statx statx;
    i64 error;

    if ((flags & ~(u64)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | 0x6800)) != 0 || (mask & 0x80000000) != 0)
        return -EINVAL;
    error = find(descriptor, path, (flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : FOLLOW, (flags & AT_EMPTY_PATH) != 0,
                 &entry, &inode);
    if (error != 0)
        return error;
    error = attributes_of(inode, &about);
    done(entry, inode);
    if (error != 0)
        return error;
    memset(&statx, 0, sizeof(statx));
    statx.mask = 0x7ff;
    statx.block_size = PAGE;
    statx.links = about.links;
    statx.user = about.user;
    statx.group = about.group;
    statx.mode = about.mode;
    statx.id = about.id;
    statx.size = about.size;
    statx.blocks = about.blocks;
    statx.accessed = statx_time(about.accessed);
    statx.changed = statx_time(about.changed);
    statx.modified = statx_time(about.modified);
    statx.special_major = about.special >> 8 & 0xfff;
    statx.special_minor = (about.special & 0xff) | (about.special >> 12 & 0xffffff00);
    statx.device_minor = about.device;
    return copy_out(to, &statx, sizeof(statx));
}

i64 sys_faccessat(u64 descriptor, u64 path, u64 mode)
{
    struct entry *entry;
    struct inode *inode;
    i64 error;

    if (mode > 7)
        return -EINVAL;
    error = find(descriptor, path, FOLLOW, false, &entry, &inode);
    if (error != 0)
        return error;
    if ((mode & 1) != 0 && IS(inode->mode, S_IFREG) && (inode->mode & 0111) == 0)
        error = -EACCES;
    done(entry, inode);
    return error;
}

i64 sys_faccessat2(u64 descriptor, u64 path, u64 mode, u64 flags)
{
    struct entry *entry;
    struct inode *inode;
    i64 error;

    if (mode > 7)
        return -EINVAL;
    error = find(descriptor, path, (flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : FOLLOW, (flags & AT_EMPTY_PATH) != 0,
                 &entry, &inode);
    if (error != 0)
        return error;
    if ((mode & 1) != 0 && inode != NULL && IS(inode->mode, S_IFREG) && (inode->mode & 0111) == 0)
        error = -EACCES;
    done(entry, inode);
    return error;
}

i64 sys_readlinkat(u64 descriptor, u64 path, u64 to, u64 size)
{
    struct entry *entry;
    struct inode *inode;
    char *target;
    i64 length, error;

    if ((i32)size <= 0)
        return -EINVAL;
    error = find(descriptor, path, 0, false, &entry, &inode);
    if (error != 0)
        return error;
    target = allocate(PATH_MAX);
    length = target == NULL ? -ENOMEM
           : inode->operations->read_link == NULL || !IS(inode->mode, S_IFLNK) ? -EINVAL
           : inode->operations->read_link(inode, target, MIN(size, (u64)PATH_MAX));
    if (length > 0 && copy_out(to, target, length) != 0)
        length = -EFAULT;
    release(target);
    done(entry, inode);
    return length;
}

// What is common to all calls that make a name.
static i64 make(u64 descriptor, u64 path_at, u32 mode, const char *target, struct inode *existing)
{
    char name[NAME_MAX + 1], *path;
    struct entry *base, *folder, *entry;
    struct inode *inode;
    bool wants_folder;
    i64 error = path_in(path_at, &path);

    if (error != 0)
        return error;
    error = folder_of(descriptor, path, &base);
    if (error == 0)
        error = resolve_parent(base, path, &folder, name, &wants_folder);
    release(path);
    if (error != 0)
        return error;
    if (same(name, ".") || same(name, "..") || entry_child(folder, name, &entry) == 0) {
        if (!same(name, ".") && !same(name, ".."))
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
    if (!IS(mode, S_IFREG))
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
    struct entry *entry;
    struct inode *inode;
    i64 error;

    if ((flags & ~(u64)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH)) != 0)
        return -EINVAL;
    error = find(old_descriptor, old_path, (flags & AT_SYMLINK_FOLLOW) != 0 ? FOLLOW : 0,
                 (flags & AT_EMPTY_PATH) != 0, &entry, &inode);
    if (error != 0)
        return error;
    error = inode == NULL || IS(inode->mode, S_IFDIR) ? -EPERM : make(descriptor, path, S_IFREG, NULL, inode);
    done(entry, inode);
    return error;
}

i64 sys_unlinkat(u64 descriptor, u64 path_at, u64 flags)
{
    char name[NAME_MAX + 1], *path;
    struct entry *base, *folder, *entry;
    bool wants_folder, is_folder = (flags & AT_REMOVEDIR) != 0;
    i64 error;

    if ((flags & ~(u64)AT_REMOVEDIR) != 0)
        return -EINVAL;
    error = path_in(path_at, &path);
    if (error != 0)
        return error;
    error = folder_of(descriptor, path, &base);
    if (error == 0)
        error = resolve_parent(base, path, &folder, name, &wants_folder);
    release(path);
    if (error != 0)
        return error;
    if (same(name, ".") || same(name, "..")) {
        error = is_folder ? (name[1] == 0 ? -EINVAL : -ENOTEMPTY) : -EISDIR;
    } else {
        error = entry_child(folder, name, &entry);
        if (error == 0) {
            bool found_folder = IS(entry->inode->mode, S_IFDIR);
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
        }
    }
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
    char names[2][NAME_MAX + 1], *paths[2] = { NULL, NULL };
    struct entry *base, *folders[2] = { NULL, NULL };
    bool wants_folder;
    i64 error = (flags & ~1UL) != 0 ? -EINVAL : path_in(old_path, &paths[0]);

    if (error == 0)
        error = path_in(new_path, &paths[1]);
    for (int i = 0; i < 2 && error == 0; i++) {
        error = folder_of(i == 0 ? old_descriptor : new_descriptor, paths[i], &base);
        if (error == 0)
            error = resolve_parent(base, paths[i], &folders[i], names[i], &wants_folder);
        if (error != 0)
            folders[i] = NULL;
        else if (same(names[i], ".") || same(names[i], ".."))
            error = -EBUSY;
    }
    if (error == 0)
        error = rename(folders[0], names[0], folders[1], names[1], flags & 1);
    for (int i = 0; i < 2; i++) {
        release(paths[i]);
        if (folders[i] != NULL)
            entry_drop(folders[i]);
    }
    return error;
}

static i64 change_path(u64 descriptor, u64 path, u64 flags, bool may_be_empty, const struct change *change)
{
    struct entry *entry;
    struct inode *inode;
    i64 error = find(descriptor, path, (flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : FOLLOW, may_be_empty, &entry, &inode);

    if (error != 0)
        return error;
    error = inode == NULL ? -EPERM : inode_change(inode, change);
    done(entry, inode);
    return error;
}

i64 sys_fchmod(u64 descriptor, u64 mode)
{
    struct change change = { .valid = SET_MODE, .mode = mode & 07777 };
    struct file *file = file_of((i32)descriptor);

    return file == NULL ? -EBADF : file->inode == NULL ? -EINVAL : inode_change(file->inode, &change);
}

i64 sys_fchmodat(u64 descriptor, u64 path, u64 mode)
{
    struct change change = { .valid = SET_MODE, .mode = mode & 07777 };

    return change_path(descriptor, path, 0, false, &change);
}

i64 sys_fchmodat2(u64 descriptor, u64 path, u64 mode, u64 flags)
{
    struct change change = { .valid = SET_MODE, .mode = mode & 07777 };

    if ((flags & AT_SYMLINK_NOFOLLOW) != 0)
        return -EOPNOTSUPP;
    return change_path(descriptor, path, flags, (flags & AT_EMPTY_PATH) != 0, &change);
}

static struct change owner(u64 user, u64 group)
{
    struct change change = { .user = user, .group = group };

    if ((u32)user != ~0u)
        change.valid |= SET_USER;
    if ((u32)group != ~0u)
        change.valid |= SET_GROUP;
    return change;
}

i64 sys_fchown(u64 descriptor, u64 user, u64 group)
{
    struct change change = owner(user, group);
    struct file *file = file_of((i32)descriptor);

    if (file == NULL || file->inode == NULL)
        return -EBADF;
    return change.valid == 0 ? 0 : inode_change(file->inode, &change);
}

i64 sys_fchownat(u64 descriptor, u64 path, u64 user, u64 group, u64 flags)
{
    struct change change = owner(user, group);

    return change_path(descriptor, path, flags, (flags & AT_EMPTY_PATH) != 0, &change);
}

#define TIME_NOW 0x3fffffff
#define TIME_OMIT 0x3ffffffe

i64 sys_utimensat(u64 descriptor, u64 path, u64 times_at, u64 flags)
{
    struct timestamp times[2] = { { 0, TIME_NOW }, { 0, TIME_NOW } };
    struct change change = { .valid = 0 };

    if (times_at != 0 && copy_in(times, times_at, sizeof(times)) != 0)
        return -EFAULT;
    for (int i = 0; i < 2; i++) {
        if (times[i].nanoseconds == TIME_OMIT)
            continue;
        if (times[i].nanoseconds != TIME_NOW && (times[i].nanoseconds < 0 || times[i].nanoseconds > 999999999))
            return -EINVAL;
        change.valid |= i == 0 ? SET_ACCESSED : SET_MODIFIED;
        if (times[i].nanoseconds != TIME_NOW)
            change.valid |= i == 0 ? SET_ACCESSED_TO : SET_MODIFIED_TO;
        *(i == 0 ? &change.accessed : &change.modified) = times[i];
    }
    if (path == 0) {
        struct file *file = file_of((i32)descriptor);
        if (file == NULL || file->inode == NULL)
            return -EBADF;
        return change.valid == 0 ? 0 : inode_change(file->inode, &change);
    }
    return change_path(descriptor, path, flags, (flags & AT_EMPTY_PATH) != 0, &change);
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
    struct entry *entry;
    struct inode *inode;
    i64 error = find(AT_FDCWD, path, FOLLOW, false, &entry, &inode);

    if (error != 0)
        return error;
    error = change_folder(entry);
    done(entry, inode);
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

// A file system of a size that nobody asks for.
static i64 statfs_out(u64 to)
{
    u64 values[15] = { 0x01021997, PAGE, frames_total(), frames_free(), frames_free(), 1 << 20, 1 << 20, 0, NAME_MAX, PAGE };

    return copy_out(to, values, sizeof(values));
}

i64 sys_statfs(u64 path, u64 to)
{
    struct entry *entry;
    struct inode *inode;
    i64 error = find(AT_FDCWD, path, FOLLOW, false, &entry, &inode);

    if (error != 0)
        return error;
    done(entry, inode);
    return statfs_out(to);
}

i64 sys_fstatfs(u64 descriptor, u64 to)
{
    return file_of((i32)descriptor) == NULL ? -EBADF : statfs_out(to);
}
