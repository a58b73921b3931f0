// The start of the system: mounts what the host names in the control folder, opens standard input and
// output, and turns the first process into the program.

#include "init.h"
#include "p9.h"
#include "stream.h"
#include "task.h"

extern const u8 signal_code[], signal_code_end[];
bool trace_calls;

static struct file *standard[3];
static struct file *trampoline;
static char settings[8 * PAGE]; // paths are long
static bool is_terminal[3];

i64 execute_first(struct file *file, const char *path, const char *arguments, u64 arguments_size,
                  const char *environment, u64 environment_size);
struct process *process_first(struct entry *folder);

struct file *trampoline_file(void)
{
    return trampoline;
}

struct file *standard_terminal(bool writing)
{
    for (int i = writing; i < (writing ? 3 : 1); i++)
        if (standard[i] != NULL && (is_terminal[i] || !is_stream(standard[i])))
            return standard[i];
    return NULL;
}

void complain(const char *format, ...)
{
    char text[400];
    __builtin_va_list arguments;
    u64 size;

    __builtin_va_start(arguments, format);
    size = format_arguments(text, sizeof(text), format, arguments);
    __builtin_va_end(arguments);
    if (log_level < 1)
        return;
    if (standard[2] != NULL && standard[2]->operations->write != NULL && standard[2]->entry != NULL)
        stream_write(standard[2], text, size);
    else
        serial_write(text, size);
}

// A file of the control folder, whole.
// The most bytes of all arguments of the first program, and of its environment.
#define WORDS_BYTES (128UL << 10)

static i64 read_control(struct entry *control, const char *name, char *to, u64 room)
{
    struct file *file;
    i64 size = open_path(control, name, 0, 0, &file);

    if (size != 0)
        return size;
    size = cache_read(file->inode, 0, to, room);
    file_drop(file);
    return size;
}

// Makes the folders of a path where they are missing.  The entry of the last one.
static struct entry *make_folders(const char *path, bool all)
{
    struct entry *entry = entry_keep(root_entry);
    char name[NAME_MAX + 1];

    for (;;) {
        struct entry *child;
        u64 length = 0;

        while (*path == '/')
            path++;
        while (*path != 0 && *path != '/' && length < NAME_MAX)
            name[length++] = *path++;
        name[length] = 0;
        while (*path == '/')
            path++;
        if (length == 0 || (!all && *path == 0))
            return entry;
        if (entry_child(entry, name, &child) != 0 || !IS(child->inode->mode, S_IFDIR)) {
            struct inode *inode = memory_folder();
            child = inode == NULL ? NULL : entry_new(entry, name, inode, true);
            if (child == NULL)
                panic("no memory for the first folders");
        }
        entry_drop(entry);
        entry = child;
    }
}

static const char *last_name(const char *path)
{
    const char *name = path;

    for (; *path != 0; path++)
        if (path[0] == '/' && path[1] != 0)
            name = path + 1;
    return name;
}

// TAG PATH
static void mount(char *words, bool read_only)
{
    char *path = words, *end;
    struct p9 *share;
    struct inode *inode;
    struct entry *folder;

    while (*path != 0 && *path != ' ')
        path++;
    if (*path != 0)
        *path++ = 0;
    share = p9_find(words);
    if (share == NULL || path[0] != '/') {
        LOG(1, "there is no share '%s' to be mounted at '%s'\n", words, path);
        return;
    }
    if (read_only)
        p9_read_only(share);
    inode = p9_root(share);
    if (inode == NULL) {
        LOG(1, "the share '%s' cannot be mounted\n", words);
        return;
    }
    if (path[1] == 0) { // the root itself
        inode_drop(root_entry->inode);
        root_entry->inode = inode;
        return;
    }
    folder = make_folders(path, false);
    for (end = path + strlen(path); end > path + 1 && end[-1] == '/';)
        *--end = 0;
    entry_new(folder, last_name(path), inode, true);
    entry_drop(folder);
}

static const char *program_path = "/program", *first_folder = "/";

// 0xDIGITS
static u64 read_hexadecimal(const char *text)
{
    u64 number = 0;

    if (text[0] == '0' && text[1] == 'x')
        text += 2;
    for (; *text != 0; text++) {
        if (*text >= '0' && *text <= '9')
            number = number * 16 + (*text - '0');
        else if (*text >= 'a' && *text <= 'f')
            number = number * 16 + (*text - 'a' + 10);
        else
            return 0;
    }
    return number;
}

static void apply(char *key)
{
    char *value = key;

    while (*value != 0 && *value != ' ')
        value++;
    if (*value != 0)
        *value++ = 0;
    if (same(key, "path")) {
        program_path = value;
    } else if (same(key, "base")) {
        program_base = read_hexadecimal(value) / PAGE * PAGE;
    } else if (same(key, "cwd")) {
        first_folder = value;
    } else if (same(key, "mount") || same(key, "mount-ro")) {
        mount(value, key[5] != 0);
    } else if (same(key, "trace")) {
        trace_calls = value[0] == '1';
    } else if (same(key, "log")) {
        const char *number = value;
        log_level = read_number(&number);
    } else if (same(key, "tty")) {
        if (value[0] >= '0' && value[0] <= '2')
            is_terminal[value[0] - '0'] = true;
    } else if (same(key, "winsize")) {
        const char *number = value;
        window_rows = read_number(&number);
        while (*number == ' ')
            number++;
        window_columns = read_number(&number);
    } else if (key[0] != 0) {
        LOG(2, "the setting '%s' is not known\n", key);
    }
}

// The mounts come before what may be below them.
static void apply_settings(void)
{
    char *lines[64], *at = settings;
    u32 count = 0;

    while (*at != 0 && count < LENGTH(lines)) {
        lines[count++] = at;
        while (*at != 0 && *at != '\n')
            at++;
        if (*at != 0)
            *at++ = 0;
    }
    for (u32 i = 0; i < count; i++)
        if (starts_with(lines[i], "log "))
            apply(lines[i]);
    for (u32 i = 0; i < count; i++)
        if (starts_with(lines[i], "mount"))
            apply(lines[i]);
    for (u32 i = 0; i < count; i++)
        if (!same(lines[i], "log") && !starts_with(lines[i], "mount"))
            apply(lines[i]);
}

static void open_standard(struct entry *control)
{
    static const char *const names[] = { "stdin", "stdout", "stderr" };

    for (int i = 0; i < 3; i++) {
        struct entry *entry;
        struct file *file = NULL;
        u32 flags = i == 0 ? 0 : O_WRONLY;

        if (resolve(control, names[i], FOLLOW, &entry) == 0) {
            file = file_new(&regular_operations, flags);
            if (file != NULL) {
                file->entry = entry_keep(entry);
                file->inode = inode_keep(entry->inode);
                if (p9_open_stream(entry->inode, flags, file) != 0) {
                    file_drop(file);
                    file = NULL;
                }
            }
            entry_drop(entry);
        }
        if (file == NULL)
            file = serial_open(i == 0 ? 0 : O_WRONLY);
        if (file == NULL)
            panic("no memory for standard input and output");
        if (is_terminal[i])
            stream_is_terminal(file);
        standard[i] = file;
        descriptor_new(file_keep(file), i, false);
    }
}

static void make_trampoline(void)
{
    struct inode *inode = memory_file();

    trampoline = inode == NULL ? NULL : file_new(&regular_operations, 0);
    if (trampoline == NULL)
        panic("no memory for the trampoline");
    trampoline->inode = inode;
    if (cache_write_kernel(inode, 0, signal_code, signal_code_end - signal_code) < 0)
        panic("no memory for the trampoline");
}

static struct entry *find_program(struct entry *control)
{
    struct entry *entry, *folder, *program;

    if (resolve(root_entry, program_path, FOLLOW, &program) == 0) {
        if (IS(program->inode->mode, S_IFREG))
            return program;
        entry_drop(program);
    }
    if (resolve(control, "program", FOLLOW, &entry) != 0)
        panic("there is no program");
    folder = make_folders(program_path, false);
    program = entry_new(folder, last_name(program_path), inode_keep(entry->inode), true);
    entry_drop(folder);
    entry_drop(entry);
    return program;
}

// The words of the first program, each ended by a NUL.
static char arguments[WORDS_BYTES], environment[WORDS_BYTES];

static i64 read_words(struct entry *control, const char *name, char *to)
{
    i64 size = read_control(control, name, to, WORDS_BYTES);

    if (size == WORDS_BYTES)
        panic("%s: more than %d bytes are not possible", name, WORDS_BYTES - 1);
    return size;
}

static const char *why(i64 error)
{
    switch (error) {
    case -ENOENT: return "its dynamic loader is not there";
    case -ENOEXEC: case -EFAULT: return "its ELF file, or its dynamic loader's, makes no sense";
    case -ENOMEM: case -E2BIG: return "there is too little memory";
    case -EACCES: return "it is no file";
    default: return "it cannot be read";
    }
}

void first_process(void)
{
    struct p9 *share = p9_find("pagewalk");
    struct inode *inode = share == NULL ? NULL : p9_root(share);
    i64 arguments_size, environment_size, error;
    struct entry *control, *folder;
    struct file *file;

    if (inode == NULL)
        panic("there is no share 'pagewalk' with a program");
    root_entry = entry_new(NULL, "", memory_folder(), true);
    control = root_entry == NULL ? NULL : entry_new(root_entry, "", inode, true);
    if (control == NULL)
        panic("too little memory");
    control->parent = control;
    error = read_control(control, "settings", settings, sizeof(settings) - 1);
    if (error < 0)
        settings[0] = 0;
    apply_settings();
    devices_start();
    proc_start();
    if (resolve(root_entry, "/tmp", FOLLOW, &folder) != 0)
        entry_new(root_entry, "tmp", memory_folder(), true);
    if (process_first(root_entry) == NULL)
        panic("too little memory for a process");
    open_standard(control);
    make_trampoline();
    struct entry *program = find_program(control);
    if (resolve(root_entry, first_folder, FOLLOW | WANT_FOLDER, &folder) == 0) {
        entry_drop(current->process->place->folder);
        current->process->place->folder = folder;
    }
    arguments_size = read_words(control, "args", arguments);
    environment_size = read_words(control, "env", environment);
    if (arguments_size <= 0) {
        arguments_size = strlen(program_path) + 1;
        memcpy(arguments, program_path, arguments_size);
    }
    error = open_entry(program, 0, &file);
    if (error == 0)
        error = execute_first(file, program_path, arguments, arguments_size, environment, MAX(environment_size, 0L));
    if (error != 0)
        panic("%s cannot be run: %s (error %i)", program_path, why(error), -error);
    file_drop(file);
}
