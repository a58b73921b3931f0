// signalfd: signals that are blocked come as records that can be read.

#include "sys.h"
#include "task.h"

u32 signal_take(struct task *task, u64 set, struct information *information);
bool signal_files; // there has been one: whoever waits for files may wait for a signal

struct record { // Linux's signalfd_siginfo
    u32 signal;
    i32 error, code;
    u32 pid, user;
    i32 descriptor;
    u32 timer, band, overrun, trap;
    i32 status, number;
    u64 value, user_time, system_time, address;
    u8 room[48];
};
_Static_assert(sizeof(struct record) == 128, "signalfd_siginfo has 128 bytes");

// The set of signals is where other files have their position.
static i64 read(struct file *file, u64 to, u64 size, u64 *position)
{
    struct information information;
    u64 done = 0;

    (void)position;
    if (size < sizeof(struct record))
        return -EINVAL;
    while (done + sizeof(struct record) <= size) {
        struct record record = { .signal = 0 };

        if (signal_take(current, file->position, &information) == 0) {
            if (done != 0)
                break;
            if ((file->flags & O_NONBLOCK) != 0)
                return -EAGAIN;
            if (sleep_on(&current->process->pending, 0) == -EINTR && signal_pending(current))
                return -ERESTART;
            continue;
        }
        record.signal = information.signal;
        record.error = information.error;
        record.code = information.code;
        record.pid = information.sender.pid;
        record.user = information.sender.user;
        record.status = information.child.status;
        record.value = information.sender.value;
        record.number = information.sender.value;
        if (copy_out(to + done, &record, sizeof(record)) != 0)
            return done != 0 ? (i64)done : -EFAULT;
        done += sizeof(record);
    }
    return done;
}

static u32 poll(struct file *file)
{
    return ((current->pending.set | current->process->pending.set) & file->position) != 0 ? POLLIN : 0;
}

static const struct file_operations operations = { .read = read, .poll = poll };

i64 sys_signalfd4(u64 descriptor, u64 mask_at, u64 size, u64 flags)
{
    struct file *file;
    u64 mask;

    if (size != 8 || (flags & ~(u64)(O_CLOEXEC | O_NONBLOCK)) != 0)
        return -EINVAL;
    if (copy_in(&mask, mask_at, sizeof(mask)) != 0)
        return -EFAULT;
    mask &= ~(SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP));
    if ((i32)descriptor != -1) {
        file = file_of((i32)descriptor);
        if (file == NULL || file->operations != &operations)
            return file == NULL ? -EBADF : -EINVAL;
        file->position = mask;
        return (i32)descriptor;
    }
    file = file_new(&operations, flags & O_NONBLOCK);
    if (file == NULL)
        return -ENOMEM;
    file->position = mask;
    signal_files = true;
    return descriptor_new(file, 0, (flags & O_CLOEXEC) != 0);
}
