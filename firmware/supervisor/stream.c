// Files of the host without pages: terminals, pipes, what standard input and output are.  A read is a
// request that may be answered much later; meanwhile others run.

#include "p9_message.h"
#include "stream.h"
#include "sys.h"
#include "task.h"

struct stream {
    struct p9 *share;
    u32 fid;
    struct p9_request *request; // a read that is on its way
    u8 *buffer;                 // what has come and nobody has read
    u32 at, have;
    bool end;
    i64 error;
    u64 read, written;
    struct file *terminal;      // what isatty and ioctl are answered with
};
enum { READ_SIZE = PAGE };

u16 window_rows = 24, window_columns = 80;

// One slot of each share must stay free for everything else.
static bool may_wait(const struct p9 *share)
{
    int used = 0;

    for (int i = 0; i < P9_SLOTS; i++)
        used += share->slots[i].taken;
    return used < P9_SLOTS - 2;
}

static i64 ask(struct stream *stream)
{
    struct part part;

    if (stream->request != NULL || stream->have != 0 || stream->end)
        return 0;
    if (stream->buffer == NULL)
        stream->buffer = allocate(PAGE);
    if (stream->buffer == NULL)
        return -ENOMEM;
    if (!may_wait(stream->share))
        return -EAGAIN;
    stream->request = p9_begin(stream->share, P9_READ);
    if (stream->request == NULL)
        return -ENOMEM;
    p9_put32(stream->request, stream->fid);
    p9_put64(stream->request, stream->read);
    p9_put32(stream->request, READ_SIZE);
    part = (struct part) { physical_of(stream->buffer), READ_SIZE };
    virtio_interrupts(&stream->share->device, true);
    p9_send(stream->request, &part, 0, 1);
    p9_poll();
    return 0;
}

// Takes in what has come.
static void look(struct stream *stream)
{
    if (stream->request == NULL || !stream->request->done)
        return;
    stream->error = p9_result(stream->request);
    if (stream->error == 0) {
        stream->have = MIN(p9_get32(stream->request), (u32)READ_SIZE);
        stream->at = 0;
        stream->read += stream->have;
        stream->end = stream->have == 0;
    }
    p9_end(stream->request);
    stream->request = NULL;
}

static i64 read(struct file *file, u64 to, u64 size, u64 *position)
{
    struct stream *stream = file->data;
    i64 error;
    u64 count;

    (void)position;
    look(stream);
    while (stream->have == 0 && !stream->end) {
        if (size == 0)
            return 0;
        error = ask(stream);
        if (error != 0)
            return error;
        look(stream);
        if (stream->error != 0) {
            error = stream->error;
            stream->error = 0;
            return error;
        }
        if (stream->have != 0 || stream->end)
            break;
        if ((file->flags & O_NONBLOCK) != 0)
            return -EAGAIN;
        if (stream->request != NULL && sleep_on(stream->request, 0) != 0)
            return -ERESTART;
        look(stream);
    }
    if (stream->have == 0) { // the end; a terminal may go on after it
        stream->end = stream->terminal == NULL;
        return 0;
    }
    count = MIN(size, (u64)stream->have);
    if (copy_out(to, stream->buffer + stream->at, count) != 0)
        return -EFAULT;
    stream->at += count;
    stream->have -= count;
    return count;
}

static i64 send(struct stream *stream, const u8 *from, u64 size)
{
    i64 result = p9_write(stream->share, stream->fid, stream->written, from, size);

    if (result > 0)
        stream->written += result;
    return result;
}

static i64 write(struct file *file, u64 from, u64 size, u64 *position)
{
    u8 *page = allocate(PAGE);
    u64 done = 0;
    i64 result = page == NULL ? -ENOMEM : 0;

    (void)position;
    while (done < size && result >= 0) {
        u64 part = MIN(size - done, (u64)PAGE);
        result = copy_in(page, from + done, part);
        if (result == 0)
            result = send(file->data, page, part);
        if (result == 0)
            break;
        if (result > 0)
            done += result;
    }
    release(page);
    if (result == -EPIPE && done == 0) {
        struct information information = { .signal = SIGPIPE, .sender = { current->process->pid, 0, 0 } };
        signal_task(current, &information);
    }
    return done != 0 ? (i64)done : result;
}

// For the kernel's own lines, which must come out when there is no memory left.  (A device cannot read
// from a kernel stack: it is not in one piece.)
i64 stream_write(struct file *file, const char *text, u64 size)
{
    static u8 page[PAGE] __attribute__((aligned(PAGE)));

    size = MIN(size, (u64)PAGE);
    memcpy(page, text, size);
    return send(file->data, page, size);
}

static u32 poll(struct file *file)
{
    struct stream *stream = file->data;
    u32 events = 0;

    if ((file->flags & O_ACCMODE) != O_WRONLY) {
        look(stream);
        if (stream->have == 0 && !stream->end && ask(stream) == 0)
            look(stream);
        if (stream->have != 0 || stream->end || stream->error != 0)
            events |= POLLIN;
    }
    if ((file->flags & O_ACCMODE) != 0)
        events |= POLLOUT;
    return events;
}

static i64 control(struct file *file, u64 request, u64 argument)
{
    struct stream *stream = file->data;

    return stream->terminal == NULL ? -ENOTTY : terminal_control(request, argument);
}

static void close(struct file *file)
{
    struct stream *stream = file->data;

    if (stream->request != NULL && !stream->request->done) {
        stream->request->abandoned = true; // the buffer is the device's for ever
        stream->buffer = NULL;
    } else if (stream->request != NULL) {
        p9_end(stream->request);
    }
    p9_clunk(stream->share, stream->fid);
    release(stream->buffer);
    release(stream);
}

static const struct file_operations operations = {
    .read = read, .write = write, .poll = poll, .control = control, .close = close,
};

bool is_stream(const struct file *file)
{
    return file->operations == &operations;
}

i64 p9_open_stream(struct inode *inode, u32 flags, struct file *file)
{
    struct stream *stream = allocate(sizeof(*stream));
    i64 error;

    if (stream == NULL)
        return -ENOMEM;
    stream->share = inode->system;
    error = p9_open_fid(stream->share, inode->fid, flags & (O_ACCMODE | O_APPEND), &stream->fid);
    if (error != 0) {
        release(stream);
        return error;
    }
    file->operations = &operations;
    file->data = stream;
    return 0;
}

// It answers as a terminal does, and to the name of one.
void stream_is_terminal(struct file *file)
{
    struct entry *entry;

    if (!is_stream(file))
        return;
    ((struct stream *)file->data)->terminal = file;
    if (resolve(root_entry, "/dev/tty", 0, &entry) != 0)
        return;
    entry_drop(file->entry);
    inode_drop(file->inode);
    file->entry = entry;
    file->inode = inode_keep(entry->inode);
}

// The settings of a terminal (struct termios), as a shell expects them.
static struct { u32 input, output, control, local; u8 line, characters[19]; } settings = {
    0x2502, 5, 0xbf, 0x8a3b, 0, { 3, 28, 127, 21, 4, 0, 1, 0, 17, 19, 26, 0, 18, 15, 23, 22 },
};

// ioctl of a terminal: its settings are kept and given back; the host's terminal has its own.
i64 terminal_control(u64 request, u64 argument)
{
    u16 size[4] = { window_rows, window_columns, 0, 0 };
    u32 group = current->process->group;

    switch (request) {
    case 0x5401: // TCGETS
        return copy_out(argument, &settings, 36);
    case 0x5402: // TCSETS, TCSETSW, TCSETSF
    case 0x5403:
    case 0x5404:
        return copy_in(&settings, argument, 36);
    case 0x540f: // TIOCGPGRP
        return copy_out(argument, &group, 4);
    case 0x5410: // TIOCSPGRP
    case 0x540e: // TIOCSCTTY
        return 0;
    case 0x5413: // TIOCGWINSZ
        return copy_out(argument, size, sizeof(size));
    case 0x5414: // TIOCSWINSZ
        return 0;
    default:
        return -EINVAL;
    }
}
bool terminal_echoes(void) { return (settings.local & 8) != 0; }
bool terminal_is_canonical(void) { return (settings.local & 2) != 0; }
