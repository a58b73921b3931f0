// A virtio disk, used by pages.  Each request is waited for: the kernel has nothing better to do while
// pages come in.

#include "blk.h"
#include "memory.h"
#include "virtio.h"

enum { READ = 0, WRITE = 1, SECTORS = PAGE / 512 };
struct header { u32 kind, reserved; u64 sector; };

static struct virtio disk;
static bool present;
static struct { struct header header; u8 status; } request;

void blk_start(void)
{
    for (u32 i = 0; i < platform.virtio_count && !present; i++)
        if (virtio_kind(platform.virtio[i]) == VIRTIO_BLOCK)
            present = virtio_open(&disk, platform.virtio[i], platform.virtio_interrupt[i]) && disk.size > 2;
}

u64 blk_pages(void)
{
    if (!present)
        return 0;
    return (virtio_config32(&disk, 0) | (u64)virtio_config32(&disk, 4) << 32) / SECTORS;
}

// Pages that follow each other on the disk, in one request.
static bool transfer_some(u32 kind, u64 page, const u64 *physical, u32 count)
{
    struct part parts[BLK_PAGES + 2];

    parts[0] = (struct part) { physical_of(&request.header), sizeof(request.header) };
    for (u32 i = 0; i < count; i++)
        parts[1 + i] = (struct part) { physical[i], PAGE };
    parts[1 + count] = (struct part) { physical_of(&request.status), 1 };
    request.header = (struct header) { kind, 0, page * SECTORS };
    request.status = 0xff;
    virtio_put(&disk, 0, parts, kind == READ ? 1 : 1 + count, kind == READ ? 1 + count : 1);
    while (virtio_done(&disk) < 0)
        ;
    virtio_acknowledge(&disk);
    return *(volatile u8 *)&request.status == 0;
}

// A queue may have room for fewer parts than we would like.
static bool transfer(u32 kind, u64 page, const u64 *physical, u32 count)
{
    u32 most = MIN((u32)BLK_PAGES, disk.size - 2);

    for (u32 done = 0; done < count; done += MIN(count - done, most))
        if (!transfer_some(kind, page + done, physical + done, MIN(count - done, most)))
            return false;
    return true;
}

bool blk_read(u64 page, const u64 *physical, u32 count)
{
    return transfer(READ, page, physical, count);
}

bool blk_write(u64 page, const u64 *physical, u32 count)
{
    return transfer(WRITE, page, physical, count);
}
