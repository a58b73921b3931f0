// A little /proc: texts that are made when they are opened.

#include "clock.h"
#include "sys.h"
#include "task.h"

// An inode's number: the process (0: none) and which of its files.
enum which { TOP, SELF, MEMINFO, CPUINFO, UPTIME, VERSION, STAT, LOADAVG, MOUNTS, FILESYSTEMS, FOLDER, EXE, MAPS,
             STATUS, CMDLINE, COMM, PROCESS_STAT, STATM, CWD, FDS, ENVIRON, TASKS, SYS, FD_FIRST = 64 };
static u8 system_mark;
static const struct inode_operations operations;

static const struct { const char *name; enum which which; u32 mode; } top[] = {
    { "self", SELF, S_IFLNK | 0777 }, { "thread-self", SELF, S_IFLNK | 0777 },
    { "meminfo", MEMINFO, S_IFREG | 0444 }, { "cpuinfo", CPUINFO, S_IFREG | 0444 },
    { "uptime", UPTIME, S_IFREG | 0444 }, { "version", VERSION, S_IFREG | 0444 },
    { "stat", STAT, S_IFREG | 0444 }, { "loadavg", LOADAVG, S_IFREG | 0444 },
    { "mounts", MOUNTS, S_IFREG | 0444 }, { "filesystems", FILESYSTEMS, S_IFREG | 0444 },
}, of_process[] = {
    { "exe", EXE, S_IFLNK | 0777 }, { "maps", MAPS, S_IFREG | 0444 }, { "status", STATUS, S_IFREG | 0444 },
    { "cmdline", CMDLINE, S_IFREG | 0444 }, { "comm", COMM, S_IFREG | 0444 },
    { "stat", PROCESS_STAT, S_IFREG | 0444 }, { "statm", STATM, S_IFREG | 0444 },
    { "cwd", CWD, S_IFLNK | 0777 }, { "fd", FDS, S_IFDIR | 0555 }, { "mounts", MOUNTS, S_IFREG | 0444 },
};

static struct process *process_of(const struct inode *inode)
{
    return process_find(inode->id >> 16);
}

static i64 new_inode(i32 pid, u32 which, u32 mode, struct inode **found)
{
    u64 id = (u64)pid << 16 | which;
    struct inode *inode = inode_find(&system_mark, id);

    if (inode != NULL) {
        *found = inode_keep(inode);
        return 0;
    }
    inode = inode_new(&system_mark, id, mode, &operations);
    if (inode == NULL)
        return -ENOMEM;
    inode->device = 66;
    inode->data = &system_mark; // entries below are asked for each time
    *found = inode;
    return 0;
}

static i64 lookup(struct inode *folder, const char *name, struct inode **found)
{
    i32 pid = folder->id >> 16;
    const char *at = name;
    i64 number;

    switch (folder->id & 0xffff) {
    case TOP:
        for (u32 i = 0; i < LENGTH(top); i++)
            if (same(name, top[i].name))
                return new_inode(0, top[i].which, top[i].mode, found);
        number = read_number(&at);
        if (number > 0 && *at == 0 && process_find(number) != NULL)
            return new_inode(number, FOLDER, S_IFDIR | 0555, found);
        return -ENOENT;
    case FOLDER:
        for (u32 i = 0; i < LENGTH(of_process); i++)
            if (same(name, of_process[i].name))
                return new_inode(pid, of_process[i].which, of_process[i].mode, found);
        return -ENOENT;
    case FDS:
        number = read_number(&at);
        if (number < 0 || *at != 0 || pid != current->process->pid || file_of(number) == NULL)
            return -ENOENT;
        return new_inode(pid, FD_FIRST + number, S_IFLNK | 0700, found);
    default:
        return -ENOTDIR;
    }
}

static i64 descriptor_path(struct file *file, char *to, u64 room)
{
    if (file == NULL)
        return -ENOENT;
    if (file->entry != NULL)
        return entry_path(file->entry, to, room);
    return format_text(to, room, "anon:[%d]", (u64)file & 0xffffff);
}

static i64 read_link(struct inode *inode, char *to, u64 room)
{
    struct process *process = process_of(inode);
    u64 which = inode->id & 0xffff;
    char *text;
    i64 length;

    if (which == SELF) {
        char number[24];
        length = format_text(number, sizeof(number), "%i", (i64)current->process->pid);
        memcpy(to, number, MIN((u64)length, room));
        return MIN((u64)length, room);
    }
    if (process == NULL || (which != EXE && which != CWD && which < FD_FIRST))
        return process == NULL ? -ENOENT : -EINVAL;
    text = allocate(PATH_MAX);
    if (text == NULL)
        return -ENOMEM;
    if (which == EXE)
        length = process->program == NULL ? -ENOENT : entry_path(process->program, text, PATH_MAX);
    else if (which == CWD)
        length = process->place == NULL ? -ENOENT : entry_path(process->place->folder, text, PATH_MAX);
    else
        length = descriptor_path(file_of(which - FD_FIRST), text, PATH_MAX);
    if (length > 0) {
        length = MIN((u64)length, room);
        memcpy(to, text, length);
    }
    release(text);
    return length;
}

// The open file that a link in /proc/self/fd stands for; NULL for anything else.  Pipes have no path.
struct file *proc_descriptor(const struct inode *inode)
{
    u64 which = inode->id & 0xffff;

    if (inode->system != &system_mark || which < FD_FIRST || process_of(inode) != current->process)
        return NULL;
    return file_of(which - FD_FIRST);
}

static i64 list(struct inode *folder, u64 position, take_name take, void *context)
{
    u64 which = folder->id & 0xffff, next = 3;
    char name[24];

    if (position < 1 && !take(context, ".", 1, folder->id + 1, 4, 1))
        return 0;
    if (position < 2 && !take(context, "..", 2, folder->id + 1, 4, 2))
        return 0;
    if (which == TOP) {
        for (u32 i = 0; i < LENGTH(top); i++, next++)
            if (next > position && !take(context, top[i].name, strlen(top[i].name), top[i].which, top[i].mode >> 12, next))
                return 0;
        for (i32 pid = 1; pid < 65536 && next < 1 << 20; pid++) {
            if (process_find(pid) == NULL)
                continue;
            next = 100 + pid;
            if (next > position && !take(context, name, format_text(name, sizeof(name), "%d", (u64)pid), pid << 16, 4, next))
                return 0;
        }
    } else if (which == FOLDER) {
        for (u32 i = 0; i < LENGTH(of_process); i++, next++)
            if (next > position && !take(context, of_process[i].name, strlen(of_process[i].name), of_process[i].which,
                                         of_process[i].mode >> 12, next))
                return 0;
    } else if (which == FDS) {
        for (u32 i = 0; i < current->process->files->size; i++, next++)
            if (file_of(i) != NULL && next > position
                && !take(context, name, format_text(name, sizeof(name), "%d", (u64)i), FD_FIRST + i, 10, next))
                return 0;
    } else {
        return -ENOTDIR;
    }
    return 0;
}

// A text that grows by pages.
struct text {
    u64 pages[64];
    u64 size;
};

static void add(struct text *text, const char *format, ...)
{
    char line[512];
    __builtin_va_list arguments;
    u64 length;

    __builtin_va_start(arguments, format);
    length = format_arguments(line, sizeof(line), format, arguments);
    __builtin_va_end(arguments);
    for (u64 i = 0; i < length; i++) {
        u64 page = text->size / PAGE;
        if (page >= LENGTH(text->pages))
            return;
        if (text->pages[page] == 0)
            text->pages[page] = (u64)allocate(PAGE);
        if (text->pages[page] == 0)
            return;
        ((char *)text->pages[page])[text->size++ % PAGE] = line[i];
    }
}

static void add_maps(struct text *text, struct space *space)
{
    char *path = allocate(512);

    for (struct area *area = space->areas; area != NULL && path != NULL; area = area->next) {
        struct attributes about = { .device = 0, .id = 0 };
        path[0] = 0;
        if (area->file != NULL && area->file->entry != NULL) {
            entry_path(area->file->entry, path, 512);
            about.device = area->file->inode->device;
            about.id = area->file->inode->id;
        } else if ((area->flags & AREA_HEAP) != 0) {
            memcpy(path, "[heap]", 7);
        } else if ((area->flags & AREA_STACK) != 0) {
            memcpy(path, "[stack]", 8);
        } else if (area->start == TRAMPOLINE) {
            memcpy(path, "[vdso]", 7);
        }
        add(text, "%08x-%08x %c%c%c%c %08x 00:%02x %d %s%s\n", area->start, area->end,
            (area->rights & 1) != 0 ? 'r' : '-', (area->rights & 2) != 0 ? 'w' : '-',
            (area->rights & 4) != 0 ? 'x' : '-', (area->flags & AREA_SHARED) != 0 ? 's' : 'p',
            area->file != NULL ? area->offset * PAGE : 0, about.device, about.id,
            path[0] != 0 ? "                  " : "", path);
    }
    release(path);
}

static u64 space_pages(const struct space *space)
{
    u64 pages = 0;

    for (struct area *area = space->areas; area != NULL; area = area->next)
        pages += (area->end - area->start) / PAGE;
    return pages;
}

static void add_words(struct text *text, struct process *process)
{
    char word[2] = { 0, 0 };

    if (process != current->process)
        return;
    for (u64 at = process->space->arguments; at < process->space->arguments_end; at++) {
        if (copy_in(word, at, 1) != 0)
            return;
        add(text, "%c", word[0]);
    }
}

static void fill_process(struct text *text, u32 which, struct process *process)
{
    struct space *space = process->space;
    i64 parent = process->parent == NULL ? 0 : process->parent->pid;
    const char *state = process->zombie ? "Z" : process == current->process ? "R" : "S";

    switch (which) {
    case MAPS:
        if (space != NULL)
            add_maps(text, space);
        break;
    case STATUS:
        add(text, "Name:\t%s\nState:\t%s\nTgid:\t%i\nPid:\t%i\nPPid:\t%i\nTracerPid:\t0\nUid:\t0\t0\t0\t0\n"
            "Gid:\t0\t0\t0\t0\nFDSize:\t%d\n", process->name, state, (i64)process->pid, (i64)process->pid, parent,
            (u64)(process->files == NULL ? 0 : process->files->size));
        if (space != NULL)
            add(text, "VmSize:\t%8d kB\nVmRSS:\t%8d kB\n", space_pages(space) * 4, space->resident * 4);
        add(text, "Threads:\t%d\n", (u64)process->tasks);
        break;
    case CMDLINE:
        if (space != NULL)
            add_words(text, process);
        break;
    case COMM:
        add(text, "%s\n", process->name);
        break;
    case PROCESS_STAT:
        add(text, "%i (%s) %s %i %i %i 0 -1 0 0 0 0 0 %d %d 0 0 20 0 %d 0 0 %d %d 0\n", (i64)process->pid,
            process->name, state, parent, (i64)process->group, (i64)process->session,
            process->user_time * 100 / platform.timebase, process->system_time * 100 / platform.timebase,
            (u64)process->tasks, space == NULL ? 0 : space_pages(space) * PAGE, space == NULL ? 0 : space->resident);
        break;
    case STATM:
        add(text, "%d %d 0 0 0 0 0\n", space == NULL ? 0 : space_pages(space), space == NULL ? 0 : space->resident);
        break;
    }
}

static void fill_top(struct text *text, u32 which)
{
    u64 seconds = clock_nanoseconds() / 1000000000, hundredths = clock_nanoseconds() / 10000000 % 100;

    switch (which) {
    case MEMINFO:
        add(text, "MemTotal:       %8d kB\nMemFree:        %8d kB\nMemAvailable:   %8d kB\nBuffers:               0 kB\n"
            "Cached:                0 kB\nSwapTotal:      %8d kB\nSwapFree:       %8d kB\n", frames_total() * 4,
            frames_free() * 4, frames_free() * 4, swap_slots * 4, (swap_slots - swap_used) * 4);
        break;
    case CPUINFO:
        add(text, "processor\t: 0\nhart\t\t: 0\nisa\t\t: rv64imafdc\nmmu\t\t: sv39\n\n");
        break;
    case UPTIME:
        add(text, "%d.%02d 0.00\n", seconds, hundredths);
        break;
    case VERSION:
        add(text, "Linux version 6.12.0-pagewalk (" NAME ")\n");
        break;
    case STAT:
        add(text, "cpu  0 0 0 0 0 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\nbtime %d\n",
            (u64)clock_real().seconds - seconds);
        break;
    case LOADAVG:
        add(text, "0.00 0.00 0.00 1/1 1\n");
        break;
    case MOUNTS:
        add(text, "root / 9p rw 0 0\n");
        break;
    case FILESYSTEMS:
        add(text, "nodev\t9p\nnodev\ttmpfs\nnodev\tproc\n");
        break;
    }
}

static i64 text_read(struct file *file, u64 to, u64 size, u64 *position)
{
    struct text *text = file->data;
    u64 done = 0;

    if (*position >= text->size)
        return 0;
    size = MIN(size, text->size - *position);
    while (done < size) {
        u64 part = MIN(size - done, PAGE - *position % PAGE);
        if (copy_out(to + done, (char *)text->pages[*position / PAGE] + *position % PAGE, part) != 0)
            return done != 0 ? (i64)done : -EFAULT;
        *position += part;
        done += part;
    }
    return done;
}

static void text_close(struct file *file)
{
    struct text *text = file->data;

    for (u32 i = 0; i < LENGTH(text->pages); i++)
        release((void *)text->pages[i]);
    release(text);
}

static const struct file_operations text_operations = { .read = text_read, .close = text_close };

static i64 open(struct inode *inode, struct file *file)
{
    struct process *process = process_of(inode);
    u32 which = inode->id & 0xffff;
    struct text *text;

    if (IS(inode->mode, S_IFDIR))
        return 0;
    if ((file->flags & O_ACCMODE) != 0)
        return -EACCES;
    if ((inode->id >> 16) != 0 && process == NULL)
        return -ENOENT;
    text = allocate(sizeof(*text));
    if (text == NULL)
        return -ENOMEM;
    if (process != NULL && which != MOUNTS)
        fill_process(text, which, process);
    else
        fill_top(text, which);
    file->operations = &text_operations;
    file->data = text;
    return 0;
}

static i64 file_system(struct inode *inode, struct file_system *about)
{
    (void)inode;
    *about = (struct file_system) { .kind = 0x9fa0, .block_size = PAGE, .name_length = NAME_MAX };
    return 0;
}

static const struct inode_operations operations = {
    .lookup = lookup, .read_link = read_link, .list = list, .open = open, .file_system = file_system,
};

void proc_start(void)
{
    struct inode *inode;

    if (new_inode(0, TOP, S_IFDIR | 0555, &inode) == 0)
        entry_new(root_entry, "proc", inode, true);
}
