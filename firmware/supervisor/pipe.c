// Pipes: a ring of bytes between those who write and those who read.  The ends know when the other
// side is gone.

#include "pipe.h"
#include "sys.h"
#include "task.h"

#define PIPE_SIZE 65536UL
enum { PIPE_PAGES = PIPE_SIZE / PAGE, ATOMIC = PAGE };

struct pipe {
    u64 pages[PIPE_PAGES];
    u64 read, written;  // bytes, ever
    u32 readers, writers; // open files that may read, or write
    u32 ends;             // open files
    u32 arrivals[2];      // how often a reader, or a writer, has come (a FIFO)
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

i64 pipe_read(struct pipe *pipe, bool wait, u64 to, u64 size)
{
    u64 done = 0;

    while (ready(pipe) == 0) {
        if (pipe->writers == 0 || size == 0)
            return 0;
        if (!wait)
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

i64 pipe_write(struct pipe *pipe, bool wait, u64 from, u64 size)
{
    u64 done = 0;

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
            if (!wait)
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

static i64 read(struct file *file, u64 to, u64 size, u64 *position)
{
    (void)position;
    return pipe_read(file->data, (file->flags & O_NONBLOCK) == 0, to, size);
}

static i64 write(struct file *file, u64 from, u64 size, u64 *position)
{
    (void)position;
    return pipe_write(file->data, (file->flags & O_NONBLOCK) == 0, from, size);
}

u32 pipe_poll(const struct pipe *pipe, bool writing)
{
    if (writing)
        return (PIPE_SIZE - ready(pipe) >= ATOMIC ? POLLOUT : 0) | (pipe->readers == 0 ? POLLERR : 0);
    return (ready(pipe) != 0 ? POLLIN : 0) | (pipe->writers == 0 ? POLLHUP : 0);
}

static u32 poll(struct file *file)
{
    return pipe_poll(file->data, (file->flags & O_ACCMODE) != 0);
}

static i64 control(struct file *file, u64 request, u64 argument)
{
    u32 count = ready(file->data);

    return request == 0x541b ? copy_out(argument, &count, 4) : -ENOTTY; // FIONREAD
}

struct pipe *pipe_new(void)
{
    struct pipe *pipe = allocate(sizeof(*pipe));

    if (pipe != NULL)
        *pipe = (struct pipe) { .readers = 1, .writers = 1, .ends = 2 };
    return pipe;
}

// Nothing more comes from one end, or goes to it.
void pipe_hang_up(struct pipe *pipe, bool writing)
{
    if (writing)
        pipe->writers = 0;
    else
        pipe->readers = 0;
    wake_pipe(pipe);
}

static void end_leave(struct pipe *pipe)
{
    wake_pipe(pipe);
    if (--pipe->ends != 0)
        return;
    for (int i = 0; i < PIPE_PAGES; i++)
        if (pipe->pages[i] != 0)
            frame_drop(pipe->pages[i]);
    release(pipe);
}

static void leave(struct pipe *pipe, bool writing)
{
    u32 *users = writing ? &pipe->writers : &pipe->readers;

    *users -= *users != 0;
}

// An end is closed, and nobody is in a call that uses it.
void pipe_leave(struct pipe *pipe, bool writing)
{
    leave(pipe, writing);
    end_leave(pipe);
}

static void close(struct file *file)
{
    pipe_leave(file->data, (file->flags & O_ACCMODE) != 0);
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
    pipe = pipe_new();
    ends[0] = file_new(&operations, flags & O_NONBLOCK);
    ends[1] = file_new(&operations, O_WRONLY | (flags & O_NONBLOCK));
    if (pipe == NULL || ends[0] == NULL || ends[1] == NULL) {
        release(pipe);
        release(ends[0]);
        release(ends[1]);
        return -ENOMEM;
    }
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

// A FIFO: a pipe with a name, which is there while somebody has it open.
static bool reads(const struct file *file) { return (file->flags & O_ACCMODE) != O_WRONLY; }
static bool writes(const struct file *file) { return (file->flags & O_ACCMODE) != 0; }

static u32 fifo_poll(struct file *file)
{
    return (reads(file) ? pipe_poll(file->data, false) : 0) | (writes(file) ? pipe_poll(file->data, true) : 0);
}

static void fifo_leave(struct inode *inode, struct file *file, struct pipe *pipe)
{
    if (reads(file))
        leave(pipe, false);
    if (writes(file))
        leave(pipe, true);
    if (pipe->ends == 1)
        inode->data = NULL;
    end_leave(pipe);
}

static void fifo_close(struct file *file)
{
    fifo_leave(file->inode, file, file->data);
}

static const struct file_operations fifo_operations = {
    .read = read, .write = write, .poll = fifo_poll, .control = control, .close = fifo_close,
};

// Who opens one end waits until somebody has opened the other.
static i64 wait_for_other(struct pipe *pipe, const struct file *file)
{
    bool writing = writes(file);
    const u32 *others = writing ? &pipe->readers : &pipe->writers, *arrivals = &pipe->arrivals[!writing];
    u32 before = *arrivals;

    if (*others != 0 || (reads(file) && writes(file)))
        return 0;
    if ((file->flags & O_NONBLOCK) != 0)
        return writing ? -ENXIO : 0;
    while (*arrivals == before)
        if (sleep_on(pipe, 0) != 0)
            return -ERESTART;
    return 0;
}

i64 fifo_open(struct inode *inode, struct file *file)
{
    struct pipe *pipe = inode->data;
    i64 error;

    if (pipe == NULL)
        pipe = inode->data = allocate(sizeof(*pipe));
    if (pipe == NULL)
        return -ENOMEM;
    pipe->ends++;
    pipe->readers += reads(file);
    pipe->writers += writes(file);
    pipe->arrivals[0] += reads(file);
    pipe->arrivals[1] += writes(file);
    wake_pipe(pipe);
    error = wait_for_other(pipe, file);
    if (error != 0) {
        fifo_leave(inode, file, pipe);
        return error;
    }
    file->operations = &fifo_operations;
    file->data = pipe;
    return 0;
}
