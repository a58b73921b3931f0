// The transport: finding out what a device is, its queue, giving it work and seeing that it is done.

#include "virtio.h"
#include "memory.h"
#include "../sbi/mmio.h"

enum {
    MAGIC = 0x000, VERSION = 0x004, DEVICE = 0x008, DEVICE_FEATURES = 0x010, DEVICE_FEATURES_SELECT = 0x014,
    DRIVER_FEATURES = 0x020, DRIVER_FEATURES_SELECT = 0x024, QUEUE_SELECT = 0x030, QUEUE_MAX = 0x034,
    QUEUE_NUMBER = 0x038, QUEUE_READY = 0x044, QUEUE_NOTIFY = 0x050, INTERRUPT_STATUS = 0x060,
    INTERRUPT_ACKNOWLEDGE = 0x064, STATUS = 0x070, DESCRIPTORS = 0x080, DRIVER_RING = 0x090,
    DEVICE_RING = 0x0a0, CONFIG = 0x100,
};
enum { ACKNOWLEDGED = 1, DRIVER = 2, DRIVER_OK = 4, FEATURES_OK = 8, NEEDS_RESET = 64 };
enum { DESCRIPTOR_NEXT = 1, DESCRIPTOR_WRITE = 2 };

struct descriptor { u64 address; u32 size; u16 flags, next; };
struct available_ring { u16 flags, index, ring[QUEUE_SIZE]; };
struct used_ring { u16 flags, index; struct { u32 first, size; } ring[QUEUE_SIZE]; };
enum { AVAILABLE_AT = QUEUE_SIZE * sizeof(struct descriptor), USED_AT = AVAILABLE_AT + 512 };

static u32 get(u64 base, u32 offset)
{
    return mmio_read32(base + DIRECT + offset);
}

static void set(u64 base, u32 offset, u32 value)
{
    mmio_write32(base + DIRECT + offset, value);
}

static void set_address(u64 base, u32 offset, u64 value)
{
    set(base, offset, value);
    set(base, offset + 4, value >> 32);
}

// The number of the kind of device; 0 if there is none that we can drive.
u32 virtio_kind(u64 base)
{
    if (get(base, MAGIC) != 0x74726976 || get(base, VERSION) != 2)
        return 0;
    return get(base, DEVICE);
}

// Who waits by looking needs no interrupt.
void virtio_interrupts(struct virtio *device, bool wanted)
{
    struct available_ring *ring = (struct available_ring *)(device->queue + AVAILABLE_AT);

    *(volatile u16 *)&ring->flags = !wanted;
}

bool virtio_open(struct virtio *device, u64 base, u32 interrupt)
{
    u64 physical = frame_take_clear(FRAME_KERNEL);

    if (physical == 0)
        return false;
    memset(device, 0, sizeof(*device));
    device->base = base;
    device->interrupt = interrupt;
    device->queue = direct(physical);
    set(base, STATUS, 0);
    set(base, STATUS, ACKNOWLEDGED);
    set(base, STATUS, ACKNOWLEDGED | DRIVER);
    set(base, DEVICE_FEATURES_SELECT, 0);
    set(base, DRIVER_FEATURES_SELECT, 0);
    // Of the first 32 only the 9P mount tag is of use: bit 0 (for a disk that is a limit: left out).
    set(base, DRIVER_FEATURES, get(base, DEVICE) == VIRTIO_9P ? get(base, DEVICE_FEATURES) & 1 : 0);
    set(base, DRIVER_FEATURES_SELECT, 1);
    set(base, DRIVER_FEATURES, 1); // VIRTIO_F_VERSION_1
    set(base, STATUS, ACKNOWLEDGED | DRIVER | FEATURES_OK);
    if ((get(base, STATUS) & FEATURES_OK) == 0)
        return false;
    set(base, QUEUE_SELECT, 0);
    device->size = MIN(get(base, QUEUE_MAX), (u32)QUEUE_SIZE);
    if (device->size == 0)
        return false;
    set(base, QUEUE_NUMBER, device->size);
    virtio_interrupts(device, false);
    set_address(base, DESCRIPTORS, physical);
    set_address(base, DRIVER_RING, physical + AVAILABLE_AT);
    set_address(base, DEVICE_RING, physical + USED_AT);
    set(base, QUEUE_READY, 1);
    set(base, STATUS, ACKNOWLEDGED | DRIVER | FEATURES_OK | DRIVER_OK);
    return true;
}

// Gives the device a chain of parts: first those that it reads, then those that it writes.  The
// descriptors from `first` on are the caller's.
void virtio_put(struct virtio *device, u32 first, const struct part *parts, u32 out, u32 in)
{
    struct descriptor *descriptors = (struct descriptor *)device->queue;
    struct available_ring *ring = (struct available_ring *)(device->queue + AVAILABLE_AT);

    for (u32 i = 0; i < out + in; i++)
        descriptors[first + i] = (struct descriptor) {
            parts[i].physical, parts[i].size,
            (i < out ? 0 : DESCRIPTOR_WRITE) | (i + 1 < out + in ? DESCRIPTOR_NEXT : 0), first + i + 1,
        };
    ring->ring[device->available % device->size] = first;
    asm volatile("fence rw, rw" : : : "memory");
    *(volatile u16 *)&ring->index = ++device->available;
    set(device->base, QUEUE_NOTIFY, 0);
}

// The first descriptor of a chain that is done, or -1.
int virtio_done(struct virtio *device)
{
    struct used_ring *ring = (struct used_ring *)(device->queue + USED_AT);
    int first;

    if (*(volatile u16 *)&ring->index == device->used) {
        if (++device->looks % 1024 == 0 && (get(device->base, STATUS) & NEEDS_RESET) != 0)
            panic("a virtio device has given up");
        return -1;
    }
    asm volatile("fence rw, rw" : : : "memory");
    first = ring->ring[device->used++ % device->size].first;
    return first;
}

void virtio_acknowledge(struct virtio *device)
{
    set(device->base, INTERRUPT_ACKNOWLEDGE, get(device->base, INTERRUPT_STATUS));
}

u8 virtio_config8(const struct virtio *device, u32 offset)
{
    return mmio_read8(device->base + DIRECT + CONFIG + offset);
}

u32 virtio_config32(const struct virtio *device, u32 offset)
{
    return get(device->base, CONFIG + offset);
}
