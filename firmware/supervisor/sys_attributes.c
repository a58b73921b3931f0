// The system calls that tell of files and change what is told: stat and its kin, modes, owners, times.

#include "sys.h"
#include "task.h"

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

// `id` tells those apart that have no inode: pipes.
static i64 attributes_of(struct inode *inode, u64 id, struct attributes *about)
{
    if (inode != NULL)
        return inode_attributes(inode, about);
    *about = (struct attributes) { .mode = S_IFIFO | 0600, .links = 1, .device = 67, .id = id };
    return 0;
}

static i64 stat_out(struct inode *inode, u64 id, u64 to)
{
    struct attributes about;
    struct stat stat;
    i64 error = attributes_of(inode, id, &about);

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

    return file == NULL ? -EBADF : stat_out(file->inode, file_id(file), to);
}

i64 sys_newfstatat(u64 descriptor, u64 path, u64 to, u64 flags)
{
    struct found found;
    i64 error;

    if ((flags & ~(u64)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | 0x800)) != 0)
        return -EINVAL;
    error = find_path(descriptor, path, (flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : FOLLOW, (flags & AT_EMPTY_PATH) != 0, &found);
    if (error != 0)
        return error;
    error = stat_out(found.inode, found.id, to);
    found_done(&found);
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
    struct found found;
    struct statx statx;
    i64 error;

    if ((flags & ~(u64)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | 0x6800)) != 0 || (mask & 0x80000000) != 0)
        return -EINVAL;
    error = find_path(descriptor, path, (flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : FOLLOW, (flags & AT_EMPTY_PATH) != 0, &found);
    if (error != 0)
        return error;
    error = attributes_of(found.inode, found.id, &about);
    found_done(&found);
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

i64 sys_faccessat2(u64 descriptor, u64 path, u64 mode, u64 flags)
{
    struct found found;
    i64 error;

    if (mode > 7)
        return -EINVAL;
    error = find_path(descriptor, path, (flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : FOLLOW, (flags & AT_EMPTY_PATH) != 0, &found);
    if (error != 0)
        return error;
    if ((mode & 1) != 0 && found.inode != NULL && IS(found.inode->mode, S_IFREG) && (found.inode->mode & 0111) == 0)
        error = -EACCES;
    found_done(&found);
    return error;
}

i64 sys_faccessat(u64 descriptor, u64 path, u64 mode)
{
    return sys_faccessat2(descriptor, path, mode, 0);
}

static i64 change_path(u64 descriptor, u64 path, u64 flags, bool may_be_empty, const struct change *change)
{
    struct found found;
    i64 error = find_path(descriptor, path, (flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : FOLLOW, may_be_empty, &found);

    if (error != 0)
        return error;
    error = found.inode == NULL ? -EPERM : inode_change(found.inode, change);
    found_done(&found);
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

// What has no disk takes from memory.
static i64 statfs_out(struct inode *inode, u64 to)
{
    struct file_system about = {
        .kind = 0x01021994, .block_size = PAGE, .blocks = frames_total(), .free = frames_free(),
        .available = frames_free(), .files = frames_total(), .files_free = frames_free(), .name_length = NAME_MAX,
    };
    i64 error = inode == NULL || inode->operations->file_system == NULL ? 0
              : inode->operations->file_system(inode, &about);

    about.fragment_size = about.block_size;
    return error != 0 ? error : copy_out(to, &about, sizeof(about));
}

i64 sys_statfs(u64 path, u64 to)
{
    struct found found;
    i64 error = find_path(AT_FDCWD, path, FOLLOW, false, &found);

    if (error != 0)
        return error;
    error = statfs_out(found.inode, to);
    found_done(&found);
    return error;
}

i64 sys_fstatfs(u64 descriptor, u64 to)
{
    struct file *file = file_of((i32)descriptor);

    return file == NULL ? -EBADF : statfs_out(file->inode, to);
}
