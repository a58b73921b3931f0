// eventfd: a counter to wait for.

#include "sys.h"
#include "task.h"

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
