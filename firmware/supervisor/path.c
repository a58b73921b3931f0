// From a path to an entry, component by component, and from there to an open file.  Symbolic links
// are followed here, in the process's own name space: the host never follows one for us.

#include "file.h"

enum { LINKS_MAX = 40 };

// The next component of *path; 0 if there is none.
static i64 component(const char **path, char *name)
{
    u64 length = 0;

    while (**path == '/')
        (*path)++;
    while (**path != 0 && **path != '/') {
        if (length == NAME_MAX)
            return -ENAMETOOLONG;
        name[length++] = *(*path)++;
    }
    name[length] = 0;
    return length;
}

// Puts a link's target in front of what is left of the path.
static i64 follow(struct inode *link, const char **rest, char *buffer, char *target)
{
    i64 length = link->operations->read_link == NULL ? -EINVAL
               : link->operations->read_link(link, target, PATH_MAX - 1);
    u64 left = strlen(*rest);

    if (length < 0)
        return length;
    if (length == 0)
        return -ENOENT;
    if (length + left + 1 > PATH_MAX)
        return -ENAMETOOLONG;
    memmove(buffer + length, *rest, left + 1);
    memcpy(buffer, target, length);
    *rest = buffer;
    return 0;
}

static i64 walk(struct entry *entry, char *buffer, char *target, u32 how, struct entry **found)
{
    const char *rest = buffer;
    char name[NAME_MAX + 1];
    int links = 0;
    i64 length, error = 0;

    if (*rest == '/')
        entry = root_entry;
    entry_keep(entry);
    while ((length = component(&rest, name)) > 0) {
        struct entry *child;

        if (!IS(entry->inode->mode, S_IFDIR)) {
            error = -ENOTDIR;
            break;
        }
        if (same(name, "."))
            continue;
        if (same(name, "..")) {
            child = entry_keep(entry->parent);
        } else {
            error = entry_child(entry, name, &child);
            if (error != 0)
                break;
        }
        if (*rest == 0 && (how & STOP_AT_DESCRIPTOR) != 0 && proc_descriptor(child->inode) != NULL) {
            entry_drop(entry);
            *found = child;
            return 0;
        }
        if (IS(child->inode->mode, S_IFLNK) && (*rest != 0 || (how & FOLLOW) != 0)) {
            error = ++links > LINKS_MAX ? -ELOOP : follow(child->inode, &rest, buffer, target);
            entry_drop(child);
            if (error != 0)
                break;
            if (*rest == '/') {
                entry_drop(entry);
                entry = entry_keep(root_entry);
            }
            continue;
        }
        entry_drop(entry);
        entry = child;
    }
    if (error == 0 && length < 0)
        error = length;
    if (error == 0 && (how & WANT_FOLDER) != 0 && !IS(entry->inode->mode, S_IFDIR))
        error = -ENOTDIR;
    if (error != 0)
        entry_drop(entry);
    else
        *found = entry;
    return error;
}

i64 resolve(struct entry *base, const char *path, u32 how, struct entry **found)
{
    u64 length = strlen(path);
    char *buffer, *target;
    i64 error;

    if (length == 0)
        return -ENOENT;
    if (length >= PATH_MAX)
        return -ENAMETOOLONG;
    if (path[length - 1] == '/')
        how |= WANT_FOLDER | FOLLOW;
    buffer = allocate(PATH_MAX);
    target = allocate(PATH_MAX);
    if (buffer == NULL || target == NULL) {
        error = -ENOMEM;
    } else {
        memcpy(buffer, path, length + 1);
        error = walk(base, buffer, target, how, found);
    }
    release(buffer);
    release(target);
    return error;
}

// The folder that a path's last component is in, and that component (room for NAME_MAX + 1).
i64 resolve_parent(struct entry *base, const char *path, struct entry **folder, char *name, bool *wants_folder)
{
    u64 end = strlen(path), start;
    char *above;
    i64 error;

    if (end == 0)
        return -ENOENT;
    if (end >= PATH_MAX)
        return -ENAMETOOLONG;
    *wants_folder = path[end - 1] == '/';
    while (end > 0 && path[end - 1] == '/')
        end--;
    for (start = end; start > 0 && path[start - 1] != '/'; start--)
        ;
    if (end - start > NAME_MAX)
        return -ENAMETOOLONG;
    memcpy(name, path + start, end - start);
    name[end - start] = 0;
    if (start == 0) {
        if (end == 0) // the root itself
            name[0] = '.', name[1] = 0;
        *folder = entry_keep(path[0] == '/' ? root_entry : base);
        return IS((*folder)->inode->mode, S_IFDIR) ? 0 : (entry_drop(*folder), -ENOTDIR);
    }
    above = copy_text(path);
    if (above == NULL)
        return -ENOMEM;
    above[start] = 0;
    error = resolve(base, above, FOLLOW | WANT_FOLDER, folder);
    release(above);
    return error;
}

struct file *file_new(const struct file_operations *operations, u32 flags)
{
    struct file *file = allocate(sizeof(*file));

    if (file == NULL)
        return NULL;
    file->refs = 1;
    file->flags = flags;
    file->operations = operations;
    return file;
}

struct file *file_keep(struct file *file)
{
    file->refs++;
    return file;
}

void file_drop(struct file *file)
{
    if (--file->refs != 0)
        return;
    if (file->watched)
        epoll_forget(file);
    if (file->inode != NULL)
        locks_drop(file->inode, file);
    if (file->operations->close != NULL)
        file->operations->close(file);
    if (file->entry != NULL)
        entry_drop(file->entry);
    if (file->inode != NULL)
        inode_drop(file->inode);
    release(file);
}

i64 open_entry(struct entry *entry, u32 flags, struct file **opened)
{
    struct inode *inode = entry->inode;
    struct file *file;
    i64 error = 0;

    if (IS(inode->mode, S_IFLNK) && (flags & O_PATH) == 0)
        return -ELOOP;
    if ((flags & O_DIRECTORY) != 0 && !IS(inode->mode, S_IFDIR))
        return -ENOTDIR;
    if (IS(inode->mode, S_IFDIR) && ((flags & O_ACCMODE) != 0 || (flags & O_TRUNC) != 0) && (flags & O_PATH) == 0)
        return -EISDIR;
    file = file_new(IS(inode->mode, S_IFDIR) || (flags & O_PATH) != 0 ? &folder_operations : &regular_operations,
                    flags & ~(u32)(O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC | O_NOCTTY));
    if (file == NULL)
        return -ENOMEM;
    file->entry = entry_keep(entry);
    file->inode = inode_keep(inode);
    if (inode->operations->open != NULL && (flags & O_PATH) == 0)
        error = inode->operations->open(inode, file);
    if (error == 0 && (flags & O_TRUNC) != 0 && IS(inode->mode, S_IFREG) && (flags & O_PATH) == 0) {
        struct change change = { .valid = SET_SIZE };
        error = inode_change(inode, &change);
    }
    if (error != 0) {
        file_drop(file);
        return error;
    }
    *opened = file;
    return 0;
}

static i64 make_file(struct entry *folder, const char *name, u32 mode, struct entry **made)
{
    struct inode *inode;
    i64 error = folder->inode->operations->make == NULL ? -EROFS
              : folder->inode->operations->make(folder->inode, name, S_IFREG | mode, NULL, &inode);

    if (error != 0)
        return error;
    entry_forget(folder, name);
    *made = entry_new(folder, name, inode, false);
    return *made == NULL ? -ENOMEM : 0;
}

// One step of `create`: makes the file, or gives where the link of that name leads to, and from which folder.
static i64 create_or_follow(struct entry *base, const char *path, u32 mode, struct entry **made, char *target,
                            struct entry **folder)
{
    char name[NAME_MAX + 1];
    bool wants_folder;
    struct entry *link;
    i64 error = resolve_parent(base, path, folder, name, &wants_folder);

    if (error != 0)
        return error;
    if (wants_folder) {
        error = -EISDIR;
    } else if (entry_child(*folder, name, &link) != 0) {
        error = make_file(*folder, name, mode, made);
    } else {
        error = link->inode->operations->read_link == NULL ? -ENOENT
              : link->inode->operations->read_link(link->inode, target, PATH_MAX - 1);
        if (error > 0)
            target[error] = 0;
        entry_drop(link);
    }
    if (error <= 0)
        entry_drop(*folder);
    return error;
}

// Makes a file that is not there.  A link that leads to nothing says where.
static i64 create(struct entry *base, const char *path, u32 mode, struct entry **made)
{
    char *targets[2] = { allocate(PATH_MAX), allocate(PATH_MAX) };
    i64 error = targets[0] == NULL || targets[1] == NULL ? -ENOMEM : 1;
    struct entry *folder;

    entry_keep(base);
    for (int links = 0; error > 0; links++) {
        error = links > LINKS_MAX ? -ELOOP
              : create_or_follow(base, path, mode, made, targets[links % 2], &folder);
        path = targets[links % 2];
        if (error > 0) {
            entry_drop(base);
            base = folder;
        }
    }
    entry_drop(base);
    release(targets[0]);
    release(targets[1]);
    return error;
}

// A descriptor by its name, as /dev/stdin or /dev/fd/63: a file with a name is opened anew, though the
// name may be gone; of what has none, as a pipe, there is only what is open.
static i64 open_again(struct file *file, u32 flags, struct file **opened)
{
    u32 access = file->flags & O_ACCMODE;

    if (file->entry != NULL && !is_stream(file))
        return open_entry(file->entry, flags, opened);
    if (access != O_RDWR && access != (flags & O_ACCMODE))
        return -EACCES;
    *opened = file_keep(file);
    return 0;
}

i64 open_path(struct entry *base, const char *path, u32 flags, u32 mode, struct file **opened)
{
    u32 how = (flags & O_NOFOLLOW) != 0 ? 0 : FOLLOW | STOP_AT_DESCRIPTOR;
    struct entry *entry;
    i64 error = resolve(base, path, how, &entry);
    bool is_new = false;

    if (error == -ENOENT && (flags & O_CREAT) != 0) {
        // O_EXCL takes a link for what it is, and so does O_NOFOLLOW.
        if ((flags & (O_EXCL | O_NOFOLLOW)) != 0 && resolve(base, path, 0, &entry) == 0)
            error = 0;
        else
            error = create(base, path, mode & 07777, &entry);
        is_new = error == 0 && !IS(entry->inode->mode, S_IFLNK);
    }
    if (error != 0)
        return error;
    if ((how & STOP_AT_DESCRIPTOR) != 0 && proc_descriptor(entry->inode) != NULL)
        error = open_again(proc_descriptor(entry->inode), flags, opened);
    else if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0 && !is_new)
        error = -EEXIST;
    else if ((flags & O_CREAT) != 0 && IS(entry->inode->mode, S_IFDIR))
        error = -EISDIR;
    else
        error = open_entry(entry, flags, opened);
    entry_drop(entry);
    return error;
}
