// A virtio disk, used page by page.  Each request is waited for: the kernel has nothing better to do
// while a page comes in.

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
            present = virtio_open(&disk, platform.virtio[i], platform.virtio_interrupt[i]);
}

u64 blk_pages(void)
{
    if (!present)
        return 0;
    return (virtio_config32(&disk, 0) | (u64)virtio_config32(&disk, 4) << 32) / SECTORS;
}

static bool transfer(u32 kind, u64 page, u64 physical)
{
    struct part parts[3] = {
        { physical_of(&request.header), sizeof(request.header) },
        { physical, PAGE },
        { physical_of(&request.status), 1 },
    };

    request.header = (struct header) { kind, 0, page * SECTORS };
    request.status = 0xff;
    virtio_put(&disk, 0, parts, kind == READ ? 1 : 2, kind == READ ? 2 : 1);
    while (virtio_done(&disk) < 0)
        ;
    virtio_acknowledge(&disk);
    return *(volatile u8 *)&request.status == 0;
}

bool blk_read(u64 page, u64 physical)
{
    return transfer(READ, page, physical);
}

bool blk_write(u64 page, u64 physical)
{
    return transfer(WRITE, page, physical);
}
