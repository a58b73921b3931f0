// The kernel's own objects.  A frame is cut into objects of one size, a power of two; those that are
// free are in a list for each size.  A whole page is a frame of its own.

#include "memory.h"

enum { SMALLEST = 5, LARGEST = 11 };

static void *lists[LARGEST + 1];

static int size_class(u64 size)
{
    int class = SMALLEST;

    while (1UL << class < size)
        class++;
    return class;
}

static bool refill(int class)
{
    u64 physical = frame_take(FRAME_KERNEL);

    if (physical == 0)
        return false;
    frame_of(physical)->used = class;
    for (u64 at = 0; at < PAGE; at += 1UL << class) {
        void **object = direct(physical + at);
        *object = lists[class];
        lists[class] = object;
    }
    return true;
}

// NULL if there is no memory, or for more than a page.
void *allocate(u64 size)
{
    int class = size_class(size);
    void **object;

    if (size > PAGE)
        return NULL;
    if (class > LARGEST) {
        u64 physical = frame_take_clear(FRAME_KERNEL);
        return physical == 0 ? NULL : direct(physical);
    }
    if (lists[class] == NULL && !refill(class))
        return NULL;
    object = lists[class];
    lists[class] = *object;
    memset(object, 0, 1UL << class);
    return object;
}

void release(void *object)
{
    struct frame *frame;

    if (object == NULL)
        return;
    frame = frame_of(physical_of(object));
    if (frame->used == 0) {
        frame_free(frame);
        return;
    }
    *(void **)object = lists[frame->used];
    lists[frame->used] = object;
}

char *copy_text(const char *text)
{
    u64 size = strlen(text) + 1;
    char *copy = allocate(size);

    if (copy != NULL)
        memcpy(copy, text, size);
    return copy;
}
