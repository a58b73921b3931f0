// epoll: a list of files to wait for that stays in the kernel.  A file is in it until it is closed for the
// last time, wherever.

#include "clock.h"
#include "csr.h"
#include "sys.h"
#include "task.h"

struct watched {
    struct watched *next;
    struct watched *all_next; // of all lists, to be found when a file goes
    struct file *epoll;
    struct file *file;  // without a reference: see epoll_forget
    i32 descriptor;
    u32 events, seen;
    u64 data;
};
enum { EPOLL_ADD = 1, EPOLL_DELETE = 2, EPOLL_MODIFY = 3 };
#define EPOLL_ONE_SHOT (1u << 30)
#define EPOLL_EDGE (1u << 31)

static struct watched *all;

static void forget(struct watched *watched)
{
    struct watched **link = (struct watched **)&watched->epoll->data;

    while (*link != watched)
        link = &(*link)->next;
    *link = watched->next;
    for (link = &all; *link != watched; link = &(*link)->all_next)
        ;
    *link = watched->all_next;
    release(watched);
}

// The file is closed for the last time.
void epoll_forget(struct file *file)
{
    for (struct watched *watched = all, *next; watched != NULL; watched = next) {
        next = watched->all_next;
        if (watched->file == file)
            forget(watched);
    }
}

static void epoll_close(struct file *file)
{
    while (file->data != NULL)
        forget(file->data);
}

enum { EPOLLS_DEEP = 5 };

static u32 watched_events(struct watched *watched)
{
    return file_poll(watched->file) & (watched->events | POLLERR | POLLHUP);
}

static u32 epoll_poll(struct file *file)
{
    for (struct watched *watched = file->data; watched != NULL; watched = watched->next)
        if (watched_events(watched) != 0)
            return POLLIN;
    return 0;
}

static const struct file_operations epoll_operations = { .poll = epoll_poll, .close = epoll_close };

i64 sys_epoll_create1(u64 flags)
{
    struct file *file;

    if ((flags & ~(u64)O_CLOEXEC) != 0)
        return -EINVAL;
    file = file_new(&epoll_operations, O_RDWR);
    return file == NULL ? -ENOMEM : descriptor_new(file, 0, (flags & O_CLOEXEC) != 0);
}

// How many epolls watch one another in a row is limited, as each needs room on the kernel's stack.  What was
// found of an epoll in one look through them stands where other files have their position.
static u64 looks;

static u64 remember(struct file *file, u64 longest)
{
    longest = MIN(longest, (u64)EPOLLS_DEEP) + 1;
    file->position = looks * 16 + longest;
    return longest;
}

// The longest row from this file down; too long if `other` is in one.
static u64 row_below(struct file *file, const struct file *other)
{
    u64 longest = 0;

    if (file->operations != &epoll_operations)
        return 0;
    if (file == other)
        return EPOLLS_DEEP + 1;
    if (file->position / 16 == looks)
        return file->position % 16;
    for (struct watched *watched = file->data; watched != NULL; watched = watched->next)
        longest = MAX(longest, row_below(watched->file, other));
    return remember(file, longest);
}

// The longest row that ends with this epoll.
static u64 row_above(struct file *file)
{
    u64 longest = 0;

    if (file->position / 16 == looks)
        return file->position % 16;
    for (struct watched *watched = all; watched != NULL; watched = watched->all_next)
        if (watched->file == file)
            longest = MAX(longest, row_above(watched->epoll));
    return remember(file, longest);
}

static bool is_too_deep(struct file *file, struct file *other)
{
    u64 below, above;

    if (other->operations != &epoll_operations)
        return false;
    looks++;
    below = row_below(other, file);
    looks++;
    above = row_above(file);
    return above + below > EPOLLS_DEEP;
}

i64 sys_epoll_ctl(u64 epoll, u64 operation, u64 descriptor, u64 event_at)
{
    struct file *file = file_of((i32)epoll), *other = file_of((i32)descriptor);
    struct { u32 events, unused; u64 data; } event = { 0, 0, 0 };
    struct watched **link, *watched;

    if (file == NULL || other == NULL)
        return -EBADF;
    if (file->operations != &epoll_operations || file == other)
        return -EINVAL;
    if (operation != EPOLL_DELETE && copy_in(&event, event_at, sizeof(event)) != 0)
        return -EFAULT;
    if (operation == EPOLL_ADD && other->operations->poll == NULL)
        return -EPERM;
    if (operation == EPOLL_ADD && is_too_deep(file, other))
        return -ELOOP;
    for (link = (struct watched **)&file->data; *link != NULL; link = &(*link)->next)
        if ((*link)->descriptor == (i32)descriptor && (*link)->file == other)
            break;
    watched = *link;
    switch (operation) {
    case EPOLL_ADD:
        if (watched != NULL)
            return -EEXIST;
        watched = allocate(sizeof(*watched));
        if (watched == NULL)
            return -ENOMEM;
        *watched = (struct watched) { NULL, all, file, other, descriptor, event.events, 0, event.data };
        *link = all = watched;
        other->watched = true;
        return 0;
    case EPOLL_DELETE:
        if (watched == NULL)
            return -ENOENT;
        forget(watched);
        return 0;
    case EPOLL_MODIFY:
        if (watched == NULL)
            return -ENOENT;
        watched->events = event.events;
        watched->seen = 0;
        watched->data = event.data;
        return 0;
    default:
        return -EINVAL;
    }
}

static i64 wait_on(struct file *file, u64 to, i64 most, u64 deadline)
{
    i64 error;

    for (;;) {
        i64 found = 0;
        for (struct watched *watched = file->data; watched != NULL && found < most; watched = watched->next) {
            u32 events = watched_events(watched);
            struct { u32 events, unused; u64 data; } event = { events, 0, watched->data };
            bool again = (watched->events & EPOLL_EDGE) != 0 && (events & ~watched->seen) == 0;
            watched->seen = events;
            if (events == 0 || again)
                continue;
            if (copy_out(to + found * sizeof(event), &event, sizeof(event)) != 0)
                return -EFAULT;
            found++;
            if ((watched->events & EPOLL_ONE_SHOT) != 0)
                watched->events = 0;
        }
        if (found != 0)
            return found;
        error = sleep_on(&poll_channel, deadline);
        if (error != 0)
            return error == -ETIMEDOUT ? 0 : error;
    }
}

static i64 epoll_wait(u64 epoll, u64 to, i64 most, u64 deadline)
{
    struct file *file = file_of((i32)epoll);
    i64 result;

    if (file == NULL)
        return -EBADF;
    if (file->operations != &epoll_operations || most <= 0)
        return -EINVAL;
    file_keep(file); // another thread may close it meanwhile
    result = wait_on(file, to, most, deadline);
    file_drop(file);
    return result;
}

i64 sys_epoll_pwait(u64 epoll, u64 to, u64 most, u64 timeout, u64 mask, u64 mask_size)
{
    i64 milliseconds = (i32)timeout, error = set_mask_for_call(mask, mask_size);
    u64 deadline = milliseconds < 0 ? 0 : MAX(1UL, time_now() + clock_ticks(milliseconds * 1000000UL));

    return error != 0 ? error : epoll_wait(epoll, to, (i32)most, deadline);
}

i64 sys_epoll_pwait2(u64 epoll, u64 to, u64 most, u64 timeout, u64 mask, u64 mask_size)
{
    u64 deadline;
    i64 error = deadline_in(timeout, false, &deadline);

    if (error == 0)
        error = set_mask_for_call(mask, mask_size);
    return error != 0 ? error : epoll_wait(epoll, to, (i32)most, deadline);
}
