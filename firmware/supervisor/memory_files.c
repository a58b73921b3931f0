// Files that are nowhere but in memory: /tmp, the folders above mount points, shared anonymous
// memory.  Their pages are in the page cache and stay there.

#include "file.h"
#include "clock.h"
#include "pipe.h"

struct node { // a name in a folder
    struct node *next;
    struct inode *inode;
    u64 number;         // in the order of their making, for listings
    char name[];
};

static const struct inode_operations operations;
static u64 last_id, last_number = 16;
static u8 system_mark;

static struct inode *new_inode(u32 mode)
{
    struct inode *inode = inode_new(&system_mark, ++last_id, mode, &operations);

    if (inode != NULL) {
        inode->device = 64;
        inode->links = IS(mode, S_IFDIR) ? 2 : 1;
        inode->modified = inode->changed = inode->accessed = clock_real();
    }
    return inode;
}

struct inode *memory_folder(void)
{
    return new_inode(S_IFDIR | 0755);
}

struct inode *memory_file(void)
{
    struct inode *inode = new_inode(S_IFREG | 0600);

    if (inode != NULL)
        inode->links = 0;
    return inode;
}

static struct node **find(struct inode *folder, const char *name)
{
    struct node **link = &folder->node;

    while (*link != NULL && !same((*link)->name, name))
        link = &(*link)->next;
    return link;
}

static i64 lookup(struct inode *folder, const char *name, struct inode **found)
{
    struct node *node;

    if (!IS(folder->mode, S_IFDIR))
        return -ENOTDIR;
    node = *find(folder, name);
    if (node == NULL)
        return -ENOENT;
    *found = inode_keep(node->inode);
    return 0;
}

static i64 add(struct inode *folder, const char *name, struct inode *inode)
{
    struct node **link = find(folder, name), *node;

    if (folder->links == 0)
        return -ENOENT; // it was removed
    if (*link != NULL)
        return -EEXIST;
    node = allocate(sizeof(*node) + strlen(name) + 1);
    if (node == NULL)
        return -ENOMEM;
    memcpy(node->name, name, strlen(name) + 1);
    node->inode = inode_keep(inode);
    node->number = ++last_number;
    *link = node;
    folder->modified = folder->changed = clock_real();
    return 0;
}

static i64 make(struct inode *folder, const char *name, u32 mode, const char *target, struct inode **made)
{
    struct inode *inode;
    i64 error;

    if (!IS(folder->mode, S_IFDIR))
        return -ENOTDIR;
    if (*find(folder, name) != NULL)
        return -EEXIST;
    inode = new_inode(mode);
    if (inode == NULL)
        return -ENOMEM;
    if (target != NULL) {
        inode->data = copy_text(target);
        inode->size = strlen(target);
    }
    error = target != NULL && inode->data == NULL ? -ENOMEM : add(folder, name, inode);
    if (error != 0) {
        inode->links = 0;
        inode_drop(inode);
        return error;
    }
    if (IS(mode, S_IFDIR))
        folder->links++;
    *made = inode;
    return 0;
}

static i64 link(struct inode *folder, const char *name, struct inode *inode)
{
    i64 error;

    if (IS(inode->mode, S_IFDIR))
        return -EPERM;
    error = add(folder, name, inode);
    if (error == 0)
        inode->links++;
    return error;
}

static i64 unlink(struct inode *folder, const char *name, struct inode *inode, bool is_folder)
{
    struct node **link = find(folder, name), *node = *link;

    if (node == NULL)
        return -ENOENT;
    if (is_folder && inode->node != NULL)
        return -ENOTEMPTY;
    *link = node->next;
    inode->links -= is_folder ? 2 : 1;
    folder->links -= is_folder;
    folder->modified = folder->changed = clock_real();
    inode_drop(node->inode);
    release(node);
    return 0;
}

static i64 rename(struct inode *from, const char *name, struct inode *to, const char *new_name)
{
    struct node *node = *find(from, name), *old = *find(to, new_name), **link;
    struct inode *inode;
    i64 error;

    if (node == NULL || to->links == 0)
        return -ENOENT;
    inode = node->inode;
    if (old != NULL) {
        if (old->inode == inode)
            return 0;
        error = unlink(to, new_name, old->inode, IS(old->inode->mode, S_IFDIR));
        if (error != 0)
            return error;
    }
    error = add(to, new_name, inode);
    if (error != 0)
        return error;
    link = find(from, name);
    node = *link;
    *link = node->next;
    from->links -= IS(inode->mode, S_IFDIR);
    to->links += IS(inode->mode, S_IFDIR);
    inode_drop(node->inode);
    release(node);
    return 0;
}

static i64 read_link(struct inode *inode, char *to, u64 room)
{
    u64 length;

    if (!IS(inode->mode, S_IFLNK))
        return -EINVAL;
    length = MIN(strlen(inode->data), room);
    memcpy(to, inode->data, length);
    return length;
}

static i64 change(struct inode *inode, const struct change *change)
{
    struct timestamp now = clock_real();

    if ((change->valid & SET_ACCESSED) != 0)
        inode->accessed = (change->valid & SET_ACCESSED_TO) != 0 ? change->accessed : now;
    if ((change->valid & SET_MODIFIED) != 0)
        inode->modified = (change->valid & SET_MODIFIED_TO) != 0 ? change->modified : now;
    if ((change->valid & SET_SIZE) != 0)
        inode->modified = now;
    inode->changed = now;
    return 0;
}

static i64 list(struct inode *folder, u64 position, take_name take, void *context)
{
    if (position < 1 && !take(context, ".", 1, folder->id, 4, 1))
        return 0;
    if (position < 2 && !take(context, "..", 2, folder->id, 4, 2))
        return 0;
    for (struct node *node = folder->node; node != NULL; node = node->next)
        if (node->number > position
            && !take(context, node->name, strlen(node->name), node->inode->id, node->inode->mode >> 12, node->number))
            return 0;
    return 0;
}

static i64 read_pages(struct inode *inode, u64 first, const u64 *physical, u64 count)
{
    (void)inode, (void)first;
    for (u64 i = 0; i < count; i++)
        clear_page(direct(physical[i]));
    return 0;
}

static void end(struct inode *inode)
{
    if (IS(inode->mode, S_IFLNK))
        release(inode->data);
    while (inode->node != NULL) {
        struct node *node = inode->node;
        inode->node = node->next;
        inode_drop(node->inode);
        release(node);
    }
}

static i64 open(struct inode *inode, struct file *file)
{
    return IS(inode->mode, S_IFIFO) ? fifo_open(inode, file) : 0;
}

static const struct inode_operations operations = {
    .lookup = lookup, .make = make, .link = link, .unlink = unlink, .rename = rename,
    .read_link = read_link, .change = change, .list = list, .read_pages = read_pages, .open = open, .end = end,
};
