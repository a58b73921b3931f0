// Waiting for several files at once: poll and select (and see epoll.c).  Whoever waits sleeps on one
// channel for all, and looks again when anything has happened.

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

    count = (u32)count;
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
