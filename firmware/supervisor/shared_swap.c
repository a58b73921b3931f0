// Pages of files that live in memory only (shared memory, /tmp) while they are on the swap disk: found by
// (inode, number), as in the page cache, which they leave and come back to.

#include "file.h"

enum { BUCKETS = 1024 };

struct away {
    struct away *next;
    struct inode *inode;
    u32 index, slot;
};
static struct away *buckets[BUCKETS];

static struct away **find(const struct inode *inode, u64 index)
{
    struct away **link = &buckets[((u64)inode / 32 * 0x9e3779b9 + index) % BUCKETS];

    while (*link != NULL && ((*link)->inode != inode || (*link)->index != index))
        link = &(*link)->next;
    return link;
}

// Writes a page that nobody maps to the disk.  The caller takes it out of the cache.
bool shared_swap_out(struct frame *frame)
{
    struct away *away = swap_is_full() ? NULL : allocate(sizeof(*away)), **link;

    if (away == NULL)
        return false;
    away->slot = slot_write(frame_physical(frame));
    if (away->slot == 0) {
        release(away);
        return false;
    }
    away->inode = frame->inode;
    away->index = frame->index;
    link = find(frame->inode, frame->index);
    away->next = *link;
    *link = away;
    frame->inode->pages_away++;
    return true;
}

static void forget(struct away **link)
{
    struct away *away = *link;

    *link = away->next;
    away->inode->pages_away--;
    slot_drop(away->slot);
    release(away);
}

bool shared_swap_has(struct inode *inode, u64 index)
{
    return inode->pages_away != 0 && *find(inode, index) != NULL;
}

// Fills a frame if the page is on the disk; 1, 0, or an error.
i64 shared_swap_in(struct inode *inode, u64 index, u64 physical)
{
    struct away **link = find(inode, index);

    if (*link == NULL)
        return 0;
    if (!slot_read((*link)->slot, physical))
        return -EIO;
    forget(link);
    return 1;
}

// The file ends before this page.
void shared_swap_cut(struct inode *inode, u64 from_page)
{
    for (u32 i = 0; i < BUCKETS && inode->pages_away != 0; i++)
        for (struct away **link = &buckets[i]; *link != NULL;)
            if ((*link)->inode == inode && (*link)->index >= from_page)
                forget(link);
            else
                link = &(*link)->next;
}
