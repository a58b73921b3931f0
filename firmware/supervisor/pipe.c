// Pipes: a ring of bytes between those who write and those who read.  The ends know when the other
// side is gone.

#include "sys.h"
#include "task.h"

#define PIPE_SIZE 65536UL
enum { PIPE_PAGES = PIPE_SIZE / PAGE, ATOMIC = PAGE };

struct pipe {
    u64 pages[PIPE_PAGES];
    u64 read, written;  // bytes, ever
    u32 readers, writers;
};

static void wake_pipe(struct pipe *pipe)
{
    wake(pipe);
    wake_polls();
}

static u64 ready(const struct pipe *pipe)
{
    return pipe->written - pipe->read;
}

static i64 read(struct file *file, u64 to, u64 size, u64 *position)
{
    struct pipe *pipe = file->data;
    u64 done = 0;

    (void)position;
    while (ready(pipe) == 0) {
        if (pipe->writers == 0 || size == 0)
            return 0;
        if ((file->flags & O_NONBLOCK) != 0)
            return -EAGAIN;
        if (sleep_on(pipe, 0) != 0)
            return -ERESTART;
    }
    size = MIN(size, ready(pipe));
    while (done < size) {
        u64 at = pipe->read % PIPE_SIZE, part = MIN(size - done, PAGE - at % PAGE);
        if (copy_out(to + done, (u8 *)direct(pipe->pages[at / PAGE]) + at % PAGE, part) != 0)
            return done != 0 ? (i64)done : -EFAULT;
        pipe->read += part;
        done += part;
    }
    wake_pipe(pipe);
    return done;
}

static i64 write(struct file *file, u64 from, u64 size, u64 *position)
{
    struct pipe *pipe = file->data;
    u64 done = 0;

    (void)position;
    while (done < size) {
        u64 room = PIPE_SIZE - ready(pipe), at = pipe->written % PIPE_SIZE;
        u64 part = MIN(MIN(size - done, room), PAGE - at % PAGE);

        if (pipe->readers == 0) {
            struct information information = { .signal = SIGPIPE, .sender = { current->process->pid, 0, 0 } };
            if (done == 0)
                signal_task(current, &information);
            return done != 0 ? (i64)done : -EPIPE;
        }
        // Little is written in one piece or not yet.
        if (room == 0 || (size <= ATOMIC && done == 0 && room < size)) {
            if ((file->flags & O_NONBLOCK) != 0)
                return done != 0 ? (i64)done : -EAGAIN;
            if (sleep_on(pipe, 0) != 0)
                return done != 0 ? (i64)done : -ERESTART;
            continue;
        }
        if (pipe->pages[at / PAGE] == 0)
            pipe->pages[at / PAGE] = frames_plenty() ? frame_take(FRAME_KERNEL) : 0;
        if (pipe->pages[at / PAGE] == 0)
            return done != 0 ? (i64)done : -ENOMEM;
        if (copy_in((u8 *)direct(pipe->pages[at / PAGE]) + at % PAGE, from + done, part) != 0)
            return done != 0 ? (i64)done : -EFAULT;
        pipe->written += part;
        done += part;
        wake_pipe(pipe);
    }
    return done;
}

static u32 poll(struct file *file)
{
    struct pipe *pipe = file->data;
    u32 events = 0;

    if ((file->flags & O_ACCMODE) == 0) {
        if (ready(pipe) != 0)
            events |= POLLIN;
        if (pipe->writers == 0)
            events |= POLLHUP;
    } else {
        if (PIPE_SIZE - ready(pipe) >= ATOMIC)
            events |= POLLOUT;
        if (pipe->readers == 0)
            events |= POLLERR;
    }
    return events;
}

static i64 control(struct file *file, u64 request, u64 argument)
{
    u32 count = ready(file->data);

    return request == 0x541b ? copy_out(argument, &count, 4) : -ENOTTY; // FIONREAD
}

static void close(struct file *file)
{
    struct pipe *pipe = file->data;

    if ((file->flags & O_ACCMODE) == 0)
        pipe->readers--;
    else
        pipe->writers--;
    wake_pipe(pipe);
    if (pipe->readers != 0 || pipe->writers != 0)
        return;
    for (int i = 0; i < PIPE_PAGES; i++)
        if (pipe->pages[i] != 0)
            frame_drop(pipe->pages[i]);
    release(pipe);
}

static const struct file_operations operations = {
    .read = read, .write = write, .poll = poll, .control = control, .close = close,
};

i64 sys_pipe2(u64 to, u64 flags)
{
    struct pipe *pipe;
    struct file *ends[2];
    i32 numbers[2];

    if ((flags & ~(u64)(O_CLOEXEC | O_NONBLOCK)) != 0)
        return -EINVAL;
    pipe = allocate(sizeof(*pipe));
    ends[0] = file_new(&operations, flags & O_NONBLOCK);
    ends[1] = file_new(&operations, O_WRONLY | (flags & O_NONBLOCK));
    if (pipe == NULL || ends[0] == NULL || ends[1] == NULL) {
        release(pipe);
        release(ends[0]);
        release(ends[1]);
        return -ENOMEM;
    }
    pipe->readers = pipe->writers = 1;
    ends[0]->data = ends[1]->data = pipe;
    numbers[0] = descriptor_new(ends[0], 0, (flags & O_CLOEXEC) != 0);
    if (numbers[0] < 0) {
        file_drop(ends[1]);
        return numbers[0];
    }
    numbers[1] = descriptor_new(ends[1], 0, (flags & O_CLOEXEC) != 0);
    if (numbers[1] >= 0 && copy_out(to, numbers, sizeof(numbers)) == 0)
        return 0;
    for (int i = 0; i < 2; i++)
        if (numbers[i] >= 0) {
            current->process->files->table[numbers[i]] = NULL;
            file_drop(ends[i]);
        }
    return numbers[1] < 0 ? numbers[1] : -EFAULT;
}
