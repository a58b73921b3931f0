// Entries: the names in folders, as far as somebody has asked for them.  An entry that is pinned is
// there whether or not the folder's file system has the name: so are the mount points.

#include "file.h"

enum { BUCKETS = 256, UNUSED_MAX = 1024 };

struct entry *root_entry;
static struct entry *buckets[BUCKETS];
static struct entry unused = { .next_unused = &unused, .previous_unused = &unused };
static u64 unused_count;

static struct entry **bucket(const struct entry *parent, const char *name)
{
    u64 hash = (u64)parent / 32;

    while (*name != 0)
        hash = hash * 31 + (u8)*name++;
    return &buckets[hash % BUCKETS];
}

static void leave_unused(struct entry *entry)
{
    entry->next_unused->previous_unused = entry->previous_unused;
    entry->previous_unused->next_unused = entry->next_unused;
    entry->next_unused = NULL;
    unused_count--;
}

struct entry *entry_keep(struct entry *entry)
{
    if (entry->refs++ == 0 && entry->next_unused != NULL)
        leave_unused(entry);
    return entry;
}

static void unhash(struct entry *entry)
{
    struct entry **link = bucket(entry->parent, entry->name);

    while (*link != NULL && *link != entry)
        link = &(*link)->next;
    if (*link == entry)
        *link = entry->next;
}

static void destroy(struct entry *entry)
{
    struct entry *parent = entry->parent;

    if (!entry->unlinked)
        unhash(entry);
    inode_drop(entry->inode);
    release(entry->name);
    release(entry);
    entry_drop(parent);
}

void entry_drop(struct entry *entry)
{
    if (--entry->refs != 0 || entry->pinned)
        return;
    if (entry->unlinked) {
        destroy(entry);
        return;
    }
    entry->next_unused = &unused;
    entry->previous_unused = unused.previous_unused;
    unused.previous_unused->next_unused = entry;
    unused.previous_unused = entry;
    if (++unused_count > UNUSED_MAX) {
        entry = unused.next_unused;
        leave_unused(entry);
        destroy(entry);
    }
}

// Takes over the reference to the inode.  A NULL parent: the root.
struct entry *entry_new(struct entry *parent, const char *name, struct inode *inode, bool pinned)
{
    struct entry *entry = allocate(sizeof(*entry)), **chain;

    if (entry != NULL)
        entry->name = copy_text(name);
    if (entry == NULL || entry->name == NULL) {
        release(entry);
        inode_drop(inode);
        return NULL;
    }
    entry->refs = 1;
    entry->pinned = pinned;
    entry->inode = inode;
    entry->parent = parent == NULL ? entry : entry_keep(parent);
    chain = bucket(entry->parent, name);
    entry->next = *chain;
    *chain = entry;
    return entry;
}

static struct entry *find(struct entry *folder, const char *name)
{
    struct entry *entry;

    for (entry = *bucket(folder, name); entry != NULL; entry = entry->next)
        if (entry->parent == folder && entry != folder && same(entry->name, name))
            return entry;
    return NULL;
}

i64 entry_child(struct entry *folder, const char *name, struct entry **found)
{
    struct entry *entry = find(folder, name);
    struct inode *inode;
    i64 error;

    if (entry != NULL) {
        *found = entry_keep(entry);
        return 0;
    }
    if (folder->inode->operations->lookup == NULL)
        return -ENOTDIR;
    error = folder->inode->operations->lookup(folder->inode, name, &inode);
    if (error != 0)
        return error;
    entry = entry_new(folder, name, inode, false);
    if (entry == NULL)
        return -ENOMEM;
    // What /proc shows changes with who asks.
    if (folder->inode->data != NULL) {
        unhash(entry);
        entry->unlinked = true;
    }
    *found = entry;
    return 0;
}

// The name means something else from now on, or nothing.
void entry_forget(struct entry *folder, const char *name)
{
    struct entry *entry = find(folder, name);

    if (entry == NULL || entry->pinned)
        return;
    unhash(entry);
    entry->unlinked = true;
    if (entry->refs == 0) {
        leave_unused(entry);
        destroy(entry);
    }
}

void entry_moved(struct entry *folder, const char *name, struct entry *to, const char *new_name)
{
    struct entry *entry = find(folder, name), **chain;
    char *copy = copy_text(new_name);

    entry_forget(to, new_name);
    if (entry == NULL || entry->pinned || copy == NULL) {
        release(copy);
        entry_forget(folder, name);
        return;
    }
    unhash(entry);
    release(entry->name);
    entry->name = copy;
    if (entry->parent != to) {
        entry_keep(to);
        entry_drop(entry->parent);
        entry->parent = to;
    }
    chain = bucket(to, new_name);
    entry->next = *chain;
    *chain = entry;
}

// The path from the root; its length.
i64 entry_path(struct entry *entry, char *to, u64 room)
{
    u64 at = room;
    bool gone = entry->unlinked && !entry->pinned && entry->parent->inode->data == NULL;

    to[--at] = 0;
    if (gone && at > 10)
        memcpy(to + (at -= 10), " (deleted)", 10);
    if (entry == root_entry)
        to[--at] = '/';
    // What belongs to no folder, such as standard input, has itself as its parent.
    for (; entry != root_entry && entry != entry->parent; entry = entry->parent) {
        u64 length = strlen(entry->name);
        if (at < length + 1)
            return -ENAMETOOLONG;
        at -= length;
        memcpy(to + at, entry->name, length);
        to[--at] = '/';
    }
    memmove(to, to + at, room - at);
    return room - at - 1;
}

// The pinned entries of a folder whose file system does not have them, for listings.
void entries_pinned(struct entry *folder, u64 from, take_name take, void *context)
{
    u64 position = 0;
    struct inode *inode;

    for (int i = 0; i < BUCKETS; i++)
        for (struct entry *entry = buckets[i]; entry != NULL; entry = entry->next) {
            if (!entry->pinned || entry->parent != folder || entry == folder || position++ < from)
                continue;
            if (folder->inode->operations->lookup != NULL
                && folder->inode->operations->lookup(folder->inode, entry->name, &inode) == 0) {
                inode_drop(inode);
                continue;
            }
            if (!take(context, entry->name, strlen(entry->name), entry->inode->id,
                      entry->inode->mode >> 12, position))
                return;
        }
}
