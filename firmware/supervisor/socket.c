// Pairs of sockets that are connected to each other: two pipes.  There are no others.

#include "pipe.h"
#include "sys.h"
#include "task.h"

enum { AF_UNIX = 1, SOCK_STREAM = 1, MSG_DONTWAIT = 0x40 };
struct socket { struct pipe *in, *out; };

static i64 receive(struct file *file, u64 to, u64 size, u64 flags)
{
    struct socket *socket = file->data;
    bool wait = (file->flags & O_NONBLOCK) == 0 && (flags & MSG_DONTWAIT) == 0;

    return pipe_read(socket->in, wait, to, size);
}

static i64 send(struct file *file, u64 from, u64 size, u64 flags)
{
    struct socket *socket = file->data;
    bool wait = (file->flags & O_NONBLOCK) == 0 && (flags & MSG_DONTWAIT) == 0;

    return pipe_write(socket->out, wait, from, size);
}

static i64 read(struct file *file, u64 to, u64 size, u64 *position)
{
    (void)position;
    return receive(file, to, size, 0);
}

static i64 write(struct file *file, u64 from, u64 size, u64 *position)
{
    (void)position;
    return send(file, from, size, 0);
}

static u32 poll(struct file *file)
{
    struct socket *socket = file->data;

    return pipe_poll(socket->in, false) | pipe_poll(socket->out, true);
}

static void close(struct file *file)
{
    struct socket *socket = file->data;

    pipe_leave(socket->in, false);
    pipe_leave(socket->out, true);
    release(socket);
}

static const struct file_operations operations = { .read = read, .write = write, .poll = poll, .close = close };

static struct file *socket_file(struct pipe *in, struct pipe *out, u32 flags)
{
    struct socket *socket = allocate(sizeof(*socket));
    struct file *file = socket == NULL ? NULL : file_new(&operations, O_RDWR | flags);

    if (file == NULL) {
        release(socket);
        return NULL;
    }
    *socket = (struct socket) { in, out };
    file->data = socket;
    return file;
}

i64 sys_socketpair(u64 family, u64 kind, u64 protocol, u64 to)
{
    bool close_on_exec = (kind & O_CLOEXEC) != 0;
    struct pipe *pipes[2];
    struct file *ends[2];
    i32 numbers[2];

    if ((u32)family != AF_UNIX || (kind & 0xf) != SOCK_STREAM || (u32)protocol > 1)
        return -EAFNOSUPPORT;
    pipes[0] = pipe_new();
    pipes[1] = pipe_new();
    ends[0] = ends[1] = NULL;
    if (pipes[0] != NULL && pipes[1] != NULL) {
        ends[0] = socket_file(pipes[0], pipes[1], kind & O_NONBLOCK);
        ends[1] = socket_file(pipes[1], pipes[0], kind & O_NONBLOCK);
    }
    if (ends[0] == NULL || ends[1] == NULL) {
        for (int i = 0; i < 2; i++) {
            if (ends[i] != NULL) {
                release(ends[i]->data);
                release(ends[i]);
            }
            release(pipes[i]);
        }
        return -ENOMEM;
    }
    numbers[0] = descriptor_new(ends[0], 0, close_on_exec);
    if (numbers[0] < 0) {
        file_drop(ends[1]);
        return numbers[0];
    }
    numbers[1] = descriptor_new(ends[1], 0, close_on_exec);
    if (numbers[1] >= 0 && copy_out(to, numbers, sizeof(numbers)) == 0)
        return 0;
    for (int i = 0; i < 2; i++)
        if (numbers[i] >= 0) {
            current->process->files->table[numbers[i]] = NULL;
            file_drop(ends[i]);
        }
    return numbers[1] < 0 ? numbers[1] : -EFAULT;
}

static i64 socket_of(u64 descriptor, struct file **file)
{
    *file = file_of((i32)descriptor);
    if (*file == NULL)
        return -EBADF;
    return (*file)->operations == &operations ? 0 : -ENOTSOCK;
}

// A process may close the socket in another thread meanwhile: it is kept for the time of the call.
i64 sys_sendto(u64 descriptor, u64 from, u64 size, u64 flags)
{
    struct file *file;
    i64 result = socket_of(descriptor, &file);

    if (result != 0 || !user_range(from, size))
        return result != 0 ? result : -EFAULT;
    file_keep(file);
    result = send(file, from, size, flags);
    file_drop(file);
    return result;
}

i64 sys_recvfrom(u64 descriptor, u64 to, u64 size, u64 flags)
{
    struct file *file;
    i64 result = socket_of(descriptor, &file);

    if (result != 0 || !user_range(to, size))
        return result != 0 ? result : -EFAULT;
    file_keep(file);
    result = receive(file, to, size, flags);
    file_drop(file);
    return result;
}

i64 sys_shutdown(u64 descriptor, u64 how)
{
    struct file *file;
    i64 result = socket_of(descriptor, &file);

    if (result == 0 && how > 2)
        result = -EINVAL;
    if (result != 0)
        return result;
    if (how != 1)
        pipe_hang_up(((struct socket *)file->data)->in, false);
    if (how != 0)
        pipe_hang_up(((struct socket *)file->data)->out, true);
    return 0;
}

// What a pair is not asked for in earnest: it has no name and no settings.  Other files are no sockets.
static i64 refuse(u64 descriptor, i64 error)
{
    struct file *file;
    i64 result = socket_of(descriptor, &file);

    return result != 0 ? result : error;
}

i64 sys_bind(u64 descriptor) { return refuse(descriptor, -EINVAL); }
i64 sys_listen(u64 descriptor) { return refuse(descriptor, -EINVAL); }
i64 sys_accept(u64 descriptor) { return refuse(descriptor, -EINVAL); }
i64 sys_connect(u64 descriptor) { return refuse(descriptor, -EISCONN); }
i64 sys_setsockopt(u64 descriptor) { return refuse(descriptor, 0); }

// The address of an end: its family and nothing else.
i64 sys_getsockname(u64 descriptor, u64 to, u64 size_at)
{
    u16 family = AF_UNIX;
    u32 room, size = sizeof(family);
    i64 error = refuse(descriptor, 0);

    if (error != 0)
        return error;
    if (copy_in(&room, size_at, sizeof(room)) != 0)
        return -EFAULT;
    if ((i32)room < 0)
        return -EINVAL;
    if (copy_out(to, &family, MIN(room, size)) != 0 || copy_out(size_at, &size, sizeof(size)) != 0)
        return -EFAULT;
    return 0;
}

enum { SOL_SOCKET = 1, SO_TYPE = 3, SO_ERROR = 4, SO_DOMAIN = 39 };

i64 sys_getsockopt(u64 descriptor, u64 level, u64 option, u64 to, u64 size_at)
{
    u32 value = option == SO_TYPE ? SOCK_STREAM : option == SO_DOMAIN ? AF_UNIX : 0, room, size = sizeof(value);
    i64 error = refuse(descriptor, (u32)level == SOL_SOCKET ? 0 : -EOPNOTSUPP);

    if (error == 0 && option != SO_TYPE && option != SO_ERROR && option != SO_DOMAIN)
        error = -ENOPROTOOPT;
    if (error != 0)
        return error;
    if (copy_in(&room, size_at, sizeof(room)) != 0)
        return -EFAULT;
    if ((i32)room < 0)
        return -EINVAL;
    size = MIN(size, room);
    return copy_out(to, &value, size) != 0 || copy_out(size_at, &size, sizeof(size)) != 0 ? -EFAULT : 0;
}
