// /dev, and the serial line as a terminal.

#include "init.h"
#include "stream.h"
#include "sys.h"
#include "task.h"

enum device { DEVICE_NULL, DEVICE_ZERO, DEVICE_FULL, DEVICE_RANDOM, DEVICE_TERMINAL, DEVICE_SERIAL };
static u8 system_mark;

static i64 null_read(struct file *file, u64 to, u64 size, u64 *position)
{
    (void)file, (void)to, (void)size, (void)position;
    return 0;
}

static i64 null_write(struct file *file, u64 from, u64 size, u64 *position)
{
    (void)file, (void)from, (void)position;
    return size;
}

static i64 zero_read(struct file *file, u64 to, u64 size, u64 *position)
{
    (void)file, (void)position;
    return clear_out(to, size) != 0 ? -EFAULT : (i64)size;
}

static i64 full_write(struct file *file, u64 from, u64 size, u64 *position)
{
    (void)file, (void)from, (void)size, (void)position;
    return -ENOSPC;
}

static i64 random_read(struct file *file, u64 to, u64 size, u64 *position)
{
    u8 bytes[256];
    u64 done = 0;

    (void)file, (void)position;
    while (done < size) {
        u64 part = MIN(size - done, sizeof(bytes));
        random_bytes(bytes, part);
        if (copy_out(to + done, bytes, part) != 0)
            return done != 0 ? (i64)done : -EFAULT;
        done += part;
    }
    return done;
}

i64 sys_getrandom(u64 to, u64 size, u64 flags)
{
    u64 position = 0;

    return flags > 7 ? -EINVAL : random_read(NULL, to, MIN(size, 0x7fffffffUL), &position);
}

// The serial line: input is gathered into lines, as a terminal does it.
static char line[256];
static u32 line_length, line_ready;
static bool line_end;

static void echo(char c)
{
    if (terminal_echoes())
        console_put(c);
}

void terminal_poll(void)
{
    int c;

    while (line_ready == 0 && !line_end && (c = console_get()) >= 0) {
        if (!terminal_is_canonical()) {
            line[line_length++] = c;
            line_ready = line_length;
            break;
        }
        if (c == 3) {
            struct information information = { .signal = SIGINT, .code = 0x80 };
            for (struct process *process = processes; process != NULL; process = process->next)
                signal_process(process, &information);
        } else if (c == 4) {
            line_end = line_length == 0;
            line_ready = line_length;
        } else if ((c == 127 || c == 8) && line_length > 0) {
            line_length--;
            echo('\b'), echo(' '), echo('\b');
        } else if (line_length < sizeof(line) - 1) {
            if (c == '\r')
                c = '\n';
            line[line_length++] = c;
            echo(c);
            if (c == '\n')
                line_ready = line_length;
        }
    }
    if (line_ready != 0 || line_end) {
        wake(&line_ready);
        wake_polls();
    }
}

static i64 serial_read(struct file *file, u64 to, u64 size, u64 *position)
{
    u64 count;

    (void)position;
    terminal_poll();
    while (line_ready == 0) {
        if (line_end) {
            line_end = false;
            return 0;
        }
        if ((file->flags & O_NONBLOCK) != 0)
            return -EAGAIN;
        if (sleep_on(&line_ready, 0) != 0)
            return -ERESTART;
        terminal_poll();
    }
    count = MIN(size, (u64)line_ready);
    if (copy_out(to, line, count) != 0)
        return -EFAULT;
    memmove(line, line + count, line_length - count);
    line_length -= count;
    line_ready -= count;
    return count;
}

i64 serial_write(const char *text, u64 size)
{
    for (u64 i = 0; i < size; i++)
        console_put(text[i]);
    return size;
}

static i64 serial_write_out(struct file *file, u64 from, u64 size, u64 *position)
{
    char text[256];
    u64 done = 0;

    (void)file, (void)position;
    while (done < size) {
        u64 part = MIN(size - done, sizeof(text));
        if (copy_in(text, from + done, part) != 0)
            return done != 0 ? (i64)done : -EFAULT;
        serial_write(text, part);
        done += part;
    }
    return done;
}

static u32 serial_poll(struct file *file)
{
    (void)file;
    terminal_poll();
    return POLLOUT | (line_ready != 0 || line_end ? POLLIN : 0);
}

static i64 serial_control(struct file *file, u64 request, u64 argument)
{
    (void)file;
    return terminal_control(request, argument);
}

// /dev/tty: the terminal that is standard input or output, or the serial line if those are.
static i64 tty_read(struct file *file, u64 to, u64 size, u64 *position)
{
    struct file *terminal = standard_terminal(false);

    return terminal == NULL ? -EIO
         : is_stream(terminal) ? terminal->operations->read(terminal, to, size, position)
         : serial_read(file, to, size, position);
}

static i64 tty_write(struct file *file, u64 from, u64 size, u64 *position)
{
    struct file *terminal = standard_terminal(true);

    return terminal == NULL ? -EIO
         : is_stream(terminal) ? terminal->operations->write(terminal, from, size, position)
         : serial_write_out(file, from, size, position);
}

static u32 tty_poll(struct file *file)
{
    struct file *in = standard_terminal(false), *out = standard_terminal(true);

    if ((in != NULL && !is_stream(in)) || (out != NULL && !is_stream(out)))
        return serial_poll(file);
    return (in == NULL ? 0 : in->operations->poll(in) & POLLIN) | (out == NULL ? 0 : POLLOUT);
}

static const struct file_operations operations[] = {
    [DEVICE_NULL] = { .read = null_read, .write = null_write },
    [DEVICE_ZERO] = { .read = zero_read, .write = null_write },
    [DEVICE_FULL] = { .read = zero_read, .write = full_write },
    [DEVICE_RANDOM] = { .read = random_read, .write = null_write },
    [DEVICE_TERMINAL] = { .read = tty_read, .write = tty_write, .poll = tty_poll, .control = serial_control },
    [DEVICE_SERIAL] = { .read = serial_read, .write = serial_write_out, .poll = serial_poll,
                        .control = serial_control },
};

static i64 open(struct inode *inode, struct file *file)
{
    if (inode->id == DEVICE_TERMINAL && standard_terminal(false) == NULL && standard_terminal(true) == NULL)
        return -ENXIO;
    file->operations = &operations[inode->id];
    return 0;
}

static i64 attributes(struct inode *inode, struct attributes *attributes)
{
    static const u32 numbers[] = { 0x103, 0x105, 0x107, 0x109, 0x500, 0x501 };

    *attributes = (struct attributes) {
        .mode = inode->mode, .links = 1, .device = 65, .id = inode->id + 1, .special = numbers[inode->id],
    };
    return 0;
}

static i64 change(struct inode *inode, const struct change *change)
{
    (void)inode, (void)change;
    return 0;
}

static const struct inode_operations inode_operations = { .open = open, .attributes = attributes, .change = change };

static struct inode *device_inode(enum device device)
{
    struct inode *inode = inode_find(&system_mark, device);

    return inode != NULL ? inode_keep(inode) : inode_new(&system_mark, device, S_IFCHR | 0666, &inode_operations);
}

struct file *serial_open(u32 flags)
{
    struct file *file = file_new(&operations[DEVICE_SERIAL], flags);

    if (file != NULL)
        file->inode = device_inode(DEVICE_SERIAL);
    return file;
}

static void link(struct entry *folder, const char *name, const char *target)
{
    struct inode *inode;

    if (folder->inode->operations->make(folder->inode, name, S_IFLNK | 0777, target, &inode) == 0)
        inode_drop(inode);
}

void devices_start(void)
{
    static const struct { const char *name; enum device device; } devices[] = {
        { "null", DEVICE_NULL }, { "zero", DEVICE_ZERO }, { "full", DEVICE_FULL }, { "random", DEVICE_RANDOM },
        { "urandom", DEVICE_RANDOM }, { "tty", DEVICE_TERMINAL }, { "console", DEVICE_SERIAL },
    };
    struct inode *inode = memory_folder();
    struct entry *folder = inode == NULL ? NULL : entry_new(root_entry, "dev", inode, true);

    if (folder == NULL)
        return;
    for (u32 i = 0; i < LENGTH(devices); i++)
        entry_new(folder, devices[i].name, device_inode(devices[i].device), true);
    inode = memory_folder();
    if (inode != NULL)
        entry_new(folder, "shm", inode, true);
    link(folder, "fd", "/proc/self/fd");
    link(folder, "stdin", "/proc/self/fd/0");
    link(folder, "stdout", "/proc/self/fd/1");
    link(folder, "stderr", "/proc/self/fd/2");
}
