// The frame allocator: which pages of RAM are free.  Frames that were never used are taken from the
// bottom, large ones (2 MiB) from the top; frames that were given back are in lists.  Memory that
// nobody asked for is never touched, so it costs nothing that there is much of it.

#include "memory.h"

extern u8 image_end[];

static struct frame *frames; // one for each page of RAM
static struct frame *free_list, *large_list;
static u64 bottom, top;      // what was never used
static u64 available, total;
u64 zero_frame;

enum { LARGE_FRAMES = LARGE_PAGE / PAGE };
// When memory is short, what holds frames for long without need fails first (frames_plenty), then pages
// of processes and files; the last frames are for calls that go on and for page tables.
enum { PLENTY = 256, RESERVE_PAGES = 64, RESERVE_CALLS = 16 };

struct frame *frame_of(u64 physical)
{
    return &frames[(physical - platform.ram_base) / PAGE];
}

u64 frame_physical(const struct frame *frame)
{
    return platform.ram_base + (frame - frames) * PAGE;
}

struct frame *frame_number(u64 number)
{
    return &frames[number];
}

// Frames whose entry in `frames` has ever been written: 0 to this.
u64 frames_count(void)
{
    return ((bottom < top ? bottom : ROUND_DOWN(platform.ram_end, LARGE_PAGE)) - platform.ram_base) / PAGE;
}

static bool is_reserved(u64 start, u64 end)
{
    for (u32 i = 0; i < platform.reserved_count; i++)
        if (start < platform.reserved[i][1] && platform.reserved[i][0] < end)
            return true;
    return false;
}

void frames_start(void)
{
    u64 count = (platform.ram_end - platform.ram_base) / PAGE;

    frames = direct(physical_of(image_end));
    bottom = ROUND_UP(physical_of(image_end) + count * sizeof(struct frame), PAGE);
    top = ROUND_DOWN(platform.ram_end, LARGE_PAGE);
    if (bottom + 64 * PAGE > top)
        panic("%d bytes of RAM are too few", platform.ram_end - platform.ram_base);
    // What lies below was not taken from the allocator, but the clock's hand passes over it.
    memset(frames, 0, (bottom - platform.ram_base) / PAGE * sizeof(struct frame));
    total = available = (top - bottom) / PAGE;
    zero_frame = frame_take_clear(FRAME_KERNEL);
}

u64 frames_free(void)
{
    return available;
}

u64 frames_total(void)
{
    return total;
}

static struct frame *begin(struct frame *frame, enum frame_kind kind)
{
    memset(frame, 0, sizeof(*frame));
    frame->refs = 1;
    frame->kind = kind;
    return frame;
}

// A large frame that is free becomes 512 small ones.
static void split(struct frame *large)
{
    large_list = large->next;
    for (int i = 0; i < LARGE_FRAMES; i++) {
        memset(&large[i], 0, sizeof(*large));
        large[i].next = free_list;
        free_list = &large[i];
    }
}

static struct frame *take(void)
{
    struct frame *frame;

    if (free_list == NULL && large_list != NULL && bottom >= top)
        split(large_list);
    if (free_list != NULL) {
        frame = free_list;
        free_list = frame->next;
        available--;
        return frame;
    }
    while (bottom < top) {
        frame = frame_of(bottom);
        bottom += PAGE;
        available--;
        if (!is_reserved(bottom - PAGE, bottom))
            return frame;
        memset(frame, 0, sizeof(*frame));
        frame->kind = FRAME_KERNEL;
    }
    return NULL;
}

// A frame with one reference, or 0.
u64 frame_take(enum frame_kind kind)
{
    u64 keep = kind == FRAME_KERNEL ? RESERVE_CALLS : kind == FRAME_TABLE ? 0 : RESERVE_PAGES;
    struct frame *frame;

    while (available <= keep)
        if (!reclaim())
            return 0;
    frame = take();
    return frame == NULL ? 0 : frame_physical(begin(frame, kind));
}

u64 frame_take_clear(enum frame_kind kind)
{
    u64 physical = frame_take(kind);

    if (physical != 0)
        clear_page(direct(physical));
    return physical;
}

// Whether there is enough for a new task, data in a pipe, or a page of a file in memory.
bool frames_plenty(void)
{
    while (available < PLENTY)
        if (!reclaim())
            return false;
    return true;
}

void frame_free(struct frame *frame)
{
    frame->kind = FRAME_FREE;
    frame->refs = 0;
    frame->next = free_list;
    free_list = frame;
    available++;
}

void frame_drop(u64 physical)
{
    struct frame *frame = frame_of(physical);

    if (physical == zero_frame)
        return;
    if (frame->refs == 0)
        panic("frame 0x%x is dropped twice", physical);
    if (--frame->refs == 0)
        frame_unused(frame);
}

// Memory in one piece for a table that the kernel keeps for ever; 0 if there is none.
u64 frames_set_aside(u64 size)
{
    u64 physical = bottom;

    size = ROUND_UP(size, PAGE);
    if (size >= (top - bottom) / 2 || is_reserved(bottom, bottom + size))
        return 0;
    for (u64 at = 0; at < size; at += PAGE)
        begin(frame_of(bottom + at), FRAME_KERNEL);
    bottom += size;
    available -= size / PAGE;
    return physical;
}

// 2 MiB in one piece, cleared.
u64 large_take(void)
{
    struct frame *frame;
    u64 physical;

    if (large_list != NULL) {
        frame = large_list;
        large_list = frame->next;
    } else {
        if (top - bottom < 2 * LARGE_PAGE || is_reserved(top - LARGE_PAGE, top))
            return 0;
        top -= LARGE_PAGE;
        frame = frame_of(top);
        for (int i = 1; i < LARGE_FRAMES; i++) {
            frame[i].kind = FRAME_LARGE;
            frame[i].refs = 0;
        }
    }
    available -= LARGE_FRAMES;
    physical = frame_physical(begin(frame, FRAME_LARGE));
    for (u64 at = 0; at < LARGE_PAGE; at += PAGE)
        clear_page(direct(physical + at));
    return physical;
}

void large_drop(u64 physical)
{
    struct frame *frame = frame_of(physical);

    if (--frame->refs != 0)
        return;
    frame->kind = FRAME_FREE;
    frame->next = large_list;
    large_list = frame;
    available += LARGE_FRAMES;
}
