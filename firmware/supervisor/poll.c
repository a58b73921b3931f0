// Waiting for several files at once: poll, select, epoll; and eventfd, a counter to wait for.
// Whoever waits sleeps on one channel for all, and looks again when anything has happened.

#include "clock.h"
#include "csr.h"
#include "sys.h"
#include "task.h"

u32 file_poll(struct file *file)
{
    return file->operations->poll == NULL ? POLLIN | POLLOUT : file->operations->poll(file);
}

struct poll_entry { i32 descriptor; i16 wanted, found; };

static i64 look(struct poll_entry *entries, u64 count)
{
    i64 ready = 0;

    for (u64 i = 0; i < count; i++) {
        struct file *file = file_of(entries[i].descriptor);
        entries[i].found = 0;
        if (entries[i].descriptor < 0)
            continue;
        entries[i].found = file == NULL ? POLLNVAL
                         : file_poll(file) & ((entries[i].wanted & ~(POLLIN | POLLOUT)) | POLLERR | POLLHUP
                                              | (entries[i].wanted & (POLLIN | 0x40) ? POLLIN : 0)
                                              | (entries[i].wanted & (POLLOUT | 0x100) ? POLLOUT : 0));
        if ((entries[i].wanted & 0x40) != 0 && (entries[i].found & POLLIN) != 0) // POLLRDNORM
            entries[i].found |= 0x40;
        if ((entries[i].wanted & 0x100) != 0 && (entries[i].found & POLLOUT) != 0) // POLLWRNORM
            entries[i].found |= 0x100;
        ready += entries[i].found != 0;
    }
    return ready;
}

static i64 wait(struct poll_entry *entries, u64 count, u64 deadline)
{
    for (;;) {
        i64 error, ready = look(entries, count);
        if (ready != 0)
            return ready;
        error = sleep_on(&poll_channel, deadline);
        if (error == -ETIMEDOUT)
            return 0;
        if (error != 0)
            return error;
    }
}

i64 sys_ppoll(u64 at, u64 count, u64 timeout, u64 mask, u64 mask_size)
{
    u64 deadline;
    struct poll_entry *entries;
    i64 result;

    if (count > FILES_MAX)
        return -EINVAL;
    result = deadline_in(timeout, false, &deadline);
    if (result != 0)
        return result;
    entries = allocate(MAX(count, 1UL) * sizeof(*entries));
    if (entries == NULL)
        return -ENOMEM;
    result = copy_in(entries, at, count * sizeof(*entries));
    if (result == 0)
        result = set_mask_for_call(mask, mask_size);
    if (result == 0)
        result = wait(entries, count, deadline);
    if (result >= 0 && copy_out(at, entries, count * sizeof(*entries)) != 0)
        result = -EFAULT;
    release(entries);
    return result;
}

// select: three sets of bits.
i64 sys_pselect6(u64 count, u64 read_at, u64 write_at, u64 except_at, u64 timeout, u64 mask_at)
{
    u64 at[3] = { read_at, write_at, except_at }, sets[3][FILES_MAX / 64], deadline, mask[2] = { 0, 8 };
    struct poll_entry *entries;
    u64 used = 0, words;
    i64 result;

    if ((i32)count < 0)
        return -EINVAL;
    count = MIN(count, (u64)FILES_MAX);
    words = (count + 63) / 64;
    memset(sets, 0, sizeof(sets));
    for (int i = 0; i < 3; i++)
        if (at[i] != 0 && copy_in(sets[i], at[i], words * 8) != 0)
            return -EFAULT;
    if (mask_at != 0 && copy_in(mask, mask_at, sizeof(mask)) != 0)
        return -EFAULT;
    result = deadline_in(timeout, false, &deadline);
    if (result != 0)
        return result;
    entries = allocate(PAGE);
    if (entries == NULL)
        return -ENOMEM;
    for (u64 i = 0; i < count && result == 0; i++) {
        u64 bit = BIT(i % 64), word = i / 64;
        i16 wanted = ((sets[0][word] & bit) != 0 ? POLLIN : 0) | ((sets[1][word] & bit) != 0 ? POLLOUT : 0);
        if (wanted == 0 && (sets[2][word] & bit) == 0)
            continue;
        if (file_of(i) == NULL)
            result = -EBADF;
        entries[used++] = (struct poll_entry) { i, wanted, 0 };
    }
    if (result == 0)
        result = set_mask_for_call(mask[0], mask[1]);
    if (result == 0)
        result = wait(entries, used, deadline);
    if (result >= 0) {
        memset(sets, 0, sizeof(sets));
        result = 0;
        for (u64 i = 0; i < used; i++) {
            u64 bit = BIT(entries[i].descriptor % 64), word = entries[i].descriptor / 64;
            i16 found = entries[i].found;
            if ((entries[i].wanted & POLLIN) != 0 && (found & (POLLIN | POLLHUP | POLLERR)) != 0)
                sets[0][word] |= bit, result++;
            if ((entries[i].wanted & POLLOUT) != 0 && (found & (POLLOUT | POLLERR)) != 0)
                sets[1][word] |= bit, result++;
        }
        for (int i = 0; i < 3; i++)
            if (at[i] != 0 && copy_out(at[i], sets[i], words * 8) != 0)
                result = -EFAULT;
    }
    release(entries);
    return result;
}

// eventfd.
static i64 counter_read(struct file *file, u64 to, u64 size, u64 *position)
{
    u64 value;

    (void)position;
    if (size < 8)
        return -EINVAL;
    while (file->position == 0) {
        if ((file->flags & O_NONBLOCK) != 0)
            return -EAGAIN;
        if (sleep_on(file, 0) != 0)
            return -ERESTART;
    }
    value = file->data != NULL ? 1 : file->position;
    if (copy_out(to, &value, 8) != 0)
        return -EFAULT;
    file->position -= value;
    wake(file);
    wake_polls();
    return 8;
}

static i64 counter_write(struct file *file, u64 from, u64 size, u64 *position)
{
    u64 value;

    (void)position;
    if (size < 8)
        return -EINVAL;
    if (copy_in(&value, from, 8) != 0)
        return -EFAULT;
    if (value == ~0UL)
        return -EINVAL;
    while (file->position + value < value || file->position + value == ~0UL) {
        if ((file->flags & O_NONBLOCK) != 0)
            return -EAGAIN;
        if (sleep_on(file, 0) != 0)
            return -ERESTART;
    }
    file->position += value;
    wake(file);
    wake_polls();
    return 8;
}

static u32 counter_poll(struct file *file)
{
    return (file->position != 0 ? POLLIN : 0) | (file->position < ~1UL ? POLLOUT : 0);
}

static const struct file_operations counter_operations = {
    .read = counter_read, .write = counter_write, .poll = counter_poll,
};

i64 sys_eventfd2(u64 value, u64 flags)
{
    struct file *file;

    if ((flags & ~(u64)(O_CLOEXEC | O_NONBLOCK | 1)) != 0)
        return -EINVAL;
    file = file_new(&counter_operations, O_RDWR | (flags & O_NONBLOCK));
    if (file == NULL)
        return -ENOMEM;
    file->position = (u32)value;
    file->data = (flags & 1) != 0 ? file : NULL; // EFD_SEMAPHORE
    return descriptor_new(file, 0, (flags & O_CLOEXEC) != 0);
}

// epoll: a list of files that stays in the kernel.
struct watched {
    struct watched *next;
    struct file *file;  // no reference: it goes when the file is closed everywhere (found by number)
    i32 descriptor;
    u32 events, seen;
    u64 data;
};
enum { EPOLL_ADD = 1, EPOLL_DELETE = 2, EPOLL_MODIFY = 3 };
#define EPOLL_ONE_SHOT (1u << 30)
#define EPOLL_EDGE (1u << 31)

static void epoll_close(struct file *file)
{
    while (file->data != NULL) {
        struct watched *watched = file->data;
        file->data = watched->next;
        release(watched);
    }
}

enum { EPOLLS_DEEP = 4 };

static u32 watched_events(struct watched *watched)
{
    struct file *file = file_of(watched->descriptor);

    if (file == NULL || file != watched->file)
        return 0;
    return file_poll(file) & (watched->events | POLLERR | POLLHUP);
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

// Whether an epoll watches another one, itself or by those that it watches.  More than a few one in the other
// count as that too.
static bool reaches(struct file *file, const struct file *other, u64 depth)
{
    if (file->operations != &epoll_operations)
        return false;
    if (file == other || depth == 0)
        return true;
    for (struct watched *watched = file->data; watched != NULL; watched = watched->next)
        if (file_of(watched->descriptor) == watched->file && reaches(watched->file, other, depth - 1))
            return true;
    return false;
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
    if (operation == EPOLL_ADD && reaches(other, file, EPOLLS_DEEP))
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
        *watched = (struct watched) { NULL, other, descriptor, event.events, 0, event.data };
        *link = watched;
        return 0;
    case EPOLL_DELETE:
        if (watched == NULL)
            return -ENOENT;
        *link = watched->next;
        release(watched);
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
