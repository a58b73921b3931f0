// Virtio devices on the memory-mapped transport (Virtio 1.2, section 4.2), with one queue.
#pragma once

#include "kernel.h"

#define QUEUE_SIZE 128
enum { VIRTIO_BLOCK = 2, VIRTIO_9P = 9 };

struct part { u64 physical; u32 size; }; // a piece of memory that the device reads or writes
struct virtio {
    u64 base;
    u32 interrupt;
    u32 size;          // of the queue
    u8 *queue;         // descriptors, available ring, used ring: a page
    u16 available, used;
    u32 looks;         // in vain
};

u32 virtio_kind(u64 base);
bool virtio_open(struct virtio *device, u64 base, u32 interrupt);
void virtio_put(struct virtio *device, u32 first, const struct part *parts, u32 out, u32 in);
int virtio_done(struct virtio *device);
void virtio_interrupts(struct virtio *device, bool wanted);
void virtio_acknowledge(struct virtio *device);
u8 virtio_config8(const struct virtio *device, u32 offset);
u32 virtio_config32(const struct virtio *device, u32 offset);
