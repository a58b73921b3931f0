// Inodes: one for each file, however many names or users it has.  Those of the host's files stay for
// a while when nobody uses them, and their pages with them: the next start of the same program finds
// it in memory.

#include "file.h"

enum { BUCKETS = 256, UNUSED_MAX = 1024 };

static struct inode *buckets[BUCKETS];
static struct inode unused = { .next_unused = &unused, .previous_unused = &unused };
static u64 unused_count;

static struct inode **bucket(void *system, u64 id)
{
    return &buckets[((u64)system / 32 + id * 0x9e3779b1) % BUCKETS];
}

// Finds one; without a reference.
struct inode *inode_find(void *system, u64 id)
{
    struct inode *inode;

    for (inode = *bucket(system, id); inode != NULL; inode = inode->next)
        if (inode->system == system && inode->id == id)
            return inode;
    return NULL;
}

struct inode *inode_new(void *system, u64 id, u32 mode, const struct inode_operations *operations)
{
    struct inode *inode = allocate(sizeof(*inode)), **chain = bucket(system, id);

    if (inode == NULL)
        return NULL;
    inode->refs = 1;
    inode->mode = mode;
    inode->links = 1;
    inode->operations = operations;
    inode->system = system;
    inode->id = id;
    inode->next = *chain;
    *chain = inode;
    return inode;
}

static void leave_unused(struct inode *inode)
{
    inode->next_unused->previous_unused = inode->previous_unused;
    inode->previous_unused->next_unused = inode->next_unused;
    inode->next_unused = NULL;
    unused_count--;
}

struct inode *inode_keep(struct inode *inode)
{
    if (inode->refs++ == 0 && inode->next_unused != NULL)
        leave_unused(inode);
    return inode;
}

static void destroy(struct inode *inode)
{
    struct inode **link = bucket(inode->system, inode->id);

    cache_drop(inode, 0);
    if (inode->operations->end != NULL)
        inode->operations->end(inode);
    while (*link != inode)
        link = &(*link)->next;
    *link = inode->next;
    release(inode);
}

void inode_drop(struct inode *inode)
{
    if (--inode->refs != 0)
        return;
    cache_sync(inode);
    inode->mapped_shared = false;
    if (!inode->kept || inode->links == 0) {
        destroy(inode);
        return;
    }
    inode->next_unused = &unused;
    inode->previous_unused = unused.previous_unused;
    unused.previous_unused->next_unused = inode;
    unused.previous_unused = inode;
    if (++unused_count > UNUSED_MAX) {
        inode = unused.next_unused;
        leave_unused(inode);
        destroy(inode);
    }
}

// Writes back everything that was changed through mappings.
void inodes_sync(void)
{
    for (int i = 0; i < BUCKETS; i++)
        for (struct inode *inode = buckets[i]; inode != NULL; inode = inode->next)
            cache_sync(inode);
}

i64 inode_attributes(struct inode *inode, struct attributes *attributes)
{
    if (inode->operations->attributes != NULL)
        return inode->operations->attributes(inode, attributes);
    *attributes = (struct attributes) {
        .mode = inode->mode, .links = inode->links, .device = inode->device, .id = inode->id,
        .size = inode->size, .blocks = (inode->size + 511) / 512,
        .accessed = inode->accessed, .modified = inode->modified, .changed = inode->changed,
    };
    return 0;
}

i64 inode_change(struct inode *inode, const struct change *change)
{
    i64 error;

    if (inode->operations->change == NULL)
        return -EPERM;
    error = inode->operations->change(inode, change);
    if (error != 0)
        return error;
    if ((change->valid & SET_MODE) != 0)
        inode->mode = (inode->mode & S_IFMT) | (change->mode & 07777);
    return (change->valid & SET_SIZE) != 0 ? cache_resize(inode, change->size) : 0;
}
