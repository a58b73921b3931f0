// Starting a program: an ELF file becomes areas of a new address space, and nothing is read of it but
// its headers.  Its pages come when they are touched.  A script names in its first line who reads it.

#include "csr.h"
#include "init.h"
#include "task.h"

enum { LOAD = 1, INTERPRETER = 3, PROGRAM_HEADERS = 6, STACK = 0x6474e551 };
enum { TYPE_EXECUTABLE = 2, TYPE_SHARED = 3, MACHINE_RISCV = 243 };
enum { SEGMENTS_MAX = 64, WORDS_MAX = 32 << 10, SCRIPTS_MAX = 4 };
#define TEXT_PAGES (PAGE / 8 - 8) // so that struct words is a page

struct elf_header {
    u8 magic[16];
    u16 type, machine;
    u32 version;
    u64 entry, segments, sections;
    u32 flags;
    u16 size, segment_size, segment_count, section_size, section_count, names;
};
struct segment {
    u32 kind, flags;
    u64 offset, address, physical, file_size, size, align;
};
struct program { // what the stack will tell of it
    u64 entry, start, segments, segment_count, interpreter;
    char interpreter_path[256];
};

static u8 rights_of(u32 flags)
{
    return (flags >> 2 & 1) | (flags & 2) | (flags & 1) << 2; // PF_X, PF_W, PF_R
}

static i64 read_headers(struct file *file, struct elf_header *header, struct segment *segments)
{
    struct inode *inode = file->inode;
    u64 size;

    if (cache_read(inode, 0, header, sizeof(*header)) != sizeof(*header)
        || memcmp(header->magic, "\177ELF\2\1", 6) != 0 || header->machine != MACHINE_RISCV
        || (header->type != TYPE_EXECUTABLE && header->type != TYPE_SHARED)
        || header->segment_size != sizeof(struct segment) || header->segment_count == 0
        || header->segment_count > SEGMENTS_MAX)
        return -ENOEXEC;
    size = header->segment_count * sizeof(struct segment);
    return cache_read(inode, header->segments, segments, size) == (i64)size ? 0 : -ENOEXEC;
}

// The part of a segment behind the file's bytes is zero, to the end of the page: a C library's dynamic
// loader takes its first memory from what is left of its last page, and expects zeros there.
static i64 map_zeros(struct space *space, const struct segment *segment, u64 base, u8 rights)
{
    u64 start = base + segment->address + segment->file_size, end = base + segment->address + segment->size;
    u64 page = ROUND_UP(start, PAGE);

    if (segment->file_size != 0 && end > start && page != start && (rights & RIGHT_WRITE) != 0
        && clear_out(start, page - start) != 0)
        return -EFAULT;
    if (segment->file_size == 0)
        page = ROUND_DOWN(start, PAGE);
    if (ROUND_UP(end, PAGE) <= page)
        return 0;
    return map_area(space, page, ROUND_UP(end, PAGE) - page, rights, 0, NULL, 0);
}

static i64 map_segment(struct space *space, struct file *file, const struct segment *segment, u64 base)
{
    u64 start = ROUND_DOWN(base + segment->address, PAGE);
    u64 end = ROUND_UP(base + segment->address + segment->file_size, PAGE);
    u8 rights = rights_of(segment->flags);
    i64 error = 0;

    if (!user_range(base + segment->address, segment->size) || segment->file_size > segment->size
        || segment->address % PAGE != segment->offset % PAGE || base + segment->address < PAGE
        || segment->offset + segment->file_size < segment->offset || end > TRAMPOLINE - (16UL << 20))
        return -ENOEXEC;
    if (segment->file_size != 0) {
        error = unmap_area(space, start, end - start);
        if (error == 0)
            error = map_area(space, start, end - start, rights, 0, file, segment->offset / PAGE);
    }
    return error != 0 ? error : map_zeros(space, segment, base, rights);
}

// Maps an ELF file.  `base` says where one that may lie anywhere goes.
static i64 map_program(struct space *space, struct file *file, u64 base, struct program *program)
{
    struct segment *segments = allocate(SEGMENTS_MAX * sizeof(*segments));
    struct elf_header header;
    u64 lowest = USER_END, highest = 0;
    i64 error = segments == NULL ? -ENOMEM : read_headers(file, &header, segments);

    if (error == 0 && header.type == TYPE_EXECUTABLE)
        base = 0;
    for (int i = 0; error == 0 && i < header.segment_count; i++) {
        struct segment *segment = &segments[i];
        if (segment->kind == INTERPRETER && segment->file_size < sizeof(program->interpreter_path)) {
            if (cache_read(file->inode, segment->offset, program->interpreter_path, segment->file_size) < 1)
                error = -ENOEXEC;
        }
        if (segment->kind != LOAD || segment->size == 0)
            continue;
        error = map_segment(space, file, segment, base);
        if (segment->offset <= header.segments && header.segments < segment->offset + segment->file_size)
            program->segments = base + segment->address + header.segments - segment->offset;
        lowest = MIN(lowest, ROUND_DOWN(base + segment->address, PAGE));
        highest = MAX(highest, base + segment->address + segment->size);
    }
    if (error == 0) {
        program->entry = base + header.entry;
        program->start = lowest;
        program->segment_count = header.segment_count;
        if (space->heap_start == 0)
            space->heap_start = space->heap_end = ROUND_UP(highest, PAGE);
    }
    release(segments);
    return error;
}

// The words and the text of arguments and environment, gathered before the old memory goes.
struct words {
    u64 physical[TEXT_PAGES];
    u64 pages, size, count[2];
};

static i64 add_text(struct words *words, const char *text, u64 length)
{
    while (length != 0) {
        u64 within = words->size % PAGE, part = MIN(length, PAGE - within);
        if (within == 0) {
            u64 physical = words->pages < TEXT_PAGES ? frame_take(FRAME_USER) : 0;
            if (physical == 0)
                return -E2BIG;
            words->physical[words->pages++] = physical;
        }
        memcpy((u8 *)direct(words->physical[words->pages - 1]) + within, text, part);
        words->size += part;
        text += part;
        length -= part;
    }
    return 0;
}

static i64 add_list(struct words *words, u64 list, u64 skip, u64 *count)
{
    char *text = allocate(PAGE);
    i64 error = text == NULL ? -ENOMEM : 0;
    u64 at;

    for (u64 i = 0; error == 0 && list != 0; i++) {
        if (copy_in(&at, list + 8 * i, 8) != 0) {
            error = -EFAULT;
            break;
        }
        if (at == 0)
            break;
        if (i < skip)
            continue;
        // Long words come in pieces.
        for (;;) {
            i64 length = text_in(text, at, PAGE);
            if (length >= 0) {
                error = add_text(words, text, length + 1);
                break;
            }
            if (length != -ENAMETOOLONG) {
                error = length;
                break;
            }
            error = add_text(words, text, PAGE);
            if (error != 0)
                break;
            at += PAGE;
        }
        if (++*count > WORDS_MAX)
            error = -E2BIG;
    }
    release(text);
    return error;
}

static void words_free(struct words *words)
{
    for (u64 i = 0; i < words->pages; i++)
        frame_drop(words->physical[i]);
    release(words);
}

enum { AT_NULL = 0, AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6, AT_BASE = 7, AT_FLAGS = 8,
       AT_ENTRY = 9, AT_UID = 11, AT_EUID = 12, AT_GID = 13, AT_EGID = 14, AT_HWCAP = 16, AT_CLKTCK = 17,
       AT_SECURE = 23, AT_RANDOM = 25, AT_EXECFN = 31 };
#define HWCAP 0x112d // the letters a, c, d, f, i, m

static i64 push(u64 *at, u64 value)
{
    i64 error = copy_out(*at, &value, 8);

    *at += 8;
    return error;
}

// Builds the first stack: argc, argv, the environment, the auxiliary vector, then the text.
static i64 build_stack(struct space *space, const struct words *words, const struct program *program,
                       const char *path, u64 *sp)
{
    u64 path_at = space->stack_top - 16 - strlen(path) - 1, random_at = ROUND_DOWN(path_at - 16, 16);
    u64 text_at = random_at - words->size, at, word, left;
    u8 random[16];
    u64 auxiliary[][2] = {
        { AT_HWCAP, HWCAP }, { AT_PAGESZ, PAGE }, { AT_CLKTCK, 100 }, { AT_PHDR, program->segments },
        { AT_PHENT, sizeof(struct segment) }, { AT_PHNUM, program->segment_count },
        { AT_BASE, program->interpreter }, { AT_FLAGS, 0 }, { AT_ENTRY, program->entry }, { AT_UID, 0 },
        { AT_EUID, 0 }, { AT_GID, 0 }, { AT_EGID, 0 }, { AT_SECURE, 0 }, { AT_RANDOM, random_at },
        { AT_EXECFN, path_at }, { AT_NULL, 0 },
    };
    i64 error;

    random_bytes(random, sizeof(random));
    error = copy_out(path_at, path, strlen(path) + 1);
    if (error == 0)
        error = copy_out(random_at, random, sizeof(random));
    for (u64 i = 0; i < words->pages && error == 0; i++)
        error = copy_out(text_at + i * PAGE, direct(words->physical[i]), MIN((u64)PAGE, words->size - i * PAGE));
    at = ROUND_DOWN(text_at - 8 * (3 + words->count[0] + words->count[1]) - sizeof(auxiliary), 16);
    *sp = at;
    space->arguments = text_at;
    if (error == 0)
        error = push(&at, words->count[0]);
    word = 0;
    for (int list = 0; list < 2; list++) {
        for (left = words->count[list]; left != 0 && error == 0; left--) {
            error = push(&at, text_at + word);
            while (((u8 *)direct(words->physical[word / PAGE]))[word % PAGE] != 0)
                word++;
            word++;
        }
        if (list == 0)
            space->arguments_end = text_at + word;
        if (error == 0)
            error = push(&at, 0);
    }
    return error != 0 ? error : copy_out(at, auxiliary, sizeof(auxiliary));
}

// Where the first program goes if it may lie anywhere; 0: at random, as every other.
u64 program_base;

static i64 build_space(struct space *space, struct file *file, const struct words *words, const char *path,
                       struct program *program, u64 *pc, u64 *sp)
{
    struct program interpreter = { .entry = 0 };
    struct file *interpreter_file;
    u64 base = 0x2aaaaaa000 + random_number() % 0x1000 * PAGE;
    i64 error;

    if (program_base != 0)
        base = program_base;
    program_base = 0;
    space->stack_top = TRAMPOLINE - PAGE * 16 - random_number() % 0x400 * PAGE;
    space->map_top = space->stack_top - (16UL << 20) - random_number() % 0x1000 * PAGE;
    error = map_area(space, space->stack_top - 32 * PAGE, 32 * PAGE, RIGHT_READ | RIGHT_WRITE, AREA_STACK, NULL, 0);
    if (error == 0)
        error = map_area(space, TRAMPOLINE, PAGE, RIGHT_READ | RIGHT_EXECUTE, AREA_SHARED, trampoline_file(), 0);
    if (error == 0)
        error = map_program(space, file, base, program);
    *pc = program->entry;
    if (error == 0 && program->interpreter_path[0] != 0) {
        error = open_path(root_entry, program->interpreter_path, 0, 0, &interpreter_file);
        if (error == 0) {
            program->interpreter = space->map_top - (4UL << 20);
            error = map_program(space, interpreter_file, program->interpreter, &interpreter);
            *pc = interpreter.entry;
            file_drop(interpreter_file);
        }
    }
    return error != 0 ? error : build_stack(space, words, program, path, sp);
}

static void take_over(struct process *process, struct file *file, const char *path)
{
    const char *name = path;

    files_close_on_exec(process->files);
    for (u64 i = 0; path[i] != 0; i++)
        if (path[i] == '/')
            name = path + i + 1;
    for (u64 i = 0; i < sizeof(process->name) - 1; i++) {
        process->name[i] = *name;
        name += *name != 0;
    }
    if (process->program != NULL)
        entry_drop(process->program);
    process->program = entry_keep(file->entry);
    if (process->actions->refs > 1) {
        struct actions *own = allocate(sizeof(*own));
        if (own != NULL) {
            *own = *process->actions;
            own->refs = 1;
            process->actions->refs--;
            process->actions = own;
        }
    }
    for (int i = 0; i < SIGNALS; i++)
        if (process->actions->of[i].handler != 1)
            process->actions->of[i] = (struct action) { 0, 0, 0 };
    process->executed = true;
    current->signal_stack = current->signal_stack_size = 0;
    current->clear_tid = current->robust_list = 0;
    wake(process); // who called vfork
}

// All other tasks of the process must be gone before its memory is.
static i64 be_alone(struct process *process)
{
    if (process->tasks == 1)
        return 0;
    process->exiting = true;
    for (struct task *task = tasks; task != NULL; task = task->next)
        if (task->process == process && task != current)
            interrupt_sleep(task);
    while (process->tasks > 1)
        yield();
    process->exiting = false;
    return 0;
}

static i64 run(struct file *file, const char *path, struct words *words)
{
    struct process *process = current->process;
    struct space *old = process->space, *space = space_new();
    struct program *program = allocate(sizeof(*program));
    u64 pc = 0, sp = 0;
    i64 error = space == NULL || program == NULL ? -ENOMEM : be_alone(process);

    if (error == 0) {
        process->space = space;
        space_switch(space);
        error = build_space(space, file, words, path, program, &pc, &sp);
        if (error != 0) {
            process->space = old;
            space_switch(old);
        }
    }
    release(program);
    if (error != 0) {
        space_drop(space);
        return error;
    }
    space_drop(old);
    take_over(process, file, path);
    memset(current->registers->x, 0, sizeof(current->registers->x));
    memset(&current->floats, 0, sizeof(current->floats));
    restore_task_floats(current);
    current->registers->x[0] = pc;
    current->registers->x[SP] = sp;
    return 0;
}

// The first line of a script: its reader and one argument.
static i64 read_script(struct file *file, char *line, char **argument)
{
    i64 length = cache_read(file->inode, 0, line, 255);
    char *at;

    *argument = NULL;
    if (length < 2 || line[0] != '#' || line[1] != '!')
        return -ENOEXEC;
    line[length] = 0;
    for (at = line; *at != 0 && *at != '\n'; at++)
        ;
    while (at > line + 2 && (at[-1] == ' ' || at[-1] == '\t'))
        at--;
    *at = 0;
    for (at = line + 2; *at == ' ' || *at == '\t'; at++)
        ;
    if (*at == 0)
        return -ENOEXEC;
    memmove(line, at, strlen(at) + 1);
    for (at = line; *at != 0 && *at != ' ' && *at != '\t'; at++)
        ;
    if (*at != 0) {
        for (*at++ = 0; *at == ' ' || *at == '\t'; at++)
            ;
        *argument = at;
    }
    return 0;
}

// Replaces the program of the process.  `arguments` and `environment` are lists in its memory; a
// script's reader gets the words of the script's first line before them.
static i64 execute_words(struct file *file, const char *path, u64 arguments, u64 environment, int depth,
                         const char *script_words, u64 script_size, u64 script_count)
{
    struct words *words;
    char line[256], *argument, *more;
    struct file *reader;
    u64 size, count;
    i64 error;

    if (!IS(file->inode->mode, S_IFREG))
        return -EACCES;
    if (cache_read(file->inode, 0, line, 2) == 2 && line[0] == '#' && line[1] == '!') {
        if (depth == SCRIPTS_MAX)
            return -ELOOP;
        error = read_script(file, line, &argument);
        if (error != 0)
            return error;
        error = open_path(current->process->place->folder, line, 0, 0, &reader);
        if (error != 0)
            return error;
        more = allocate(PAGE);
        if (more == NULL) {
            file_drop(reader);
            return -ENOMEM;
        }
        // reader [argument] script: then what followed the script's own name.
        size = strlen(line) + 1;
        memcpy(more, line, size);
        count = 1;
        if (argument != NULL) {
            memcpy(more + size, argument, strlen(argument) + 1);
            size += strlen(argument) + 1;
            count++;
        }
        error = -ENAMETOOLONG;
        if (size + strlen(path) + 1 + script_size < PAGE) {
            memcpy(more + size, path, strlen(path) + 1);
            size += strlen(path) + 1;
            count++;
            if (depth != 0) { // a script that is read by a script: its words, without its name
                u64 first = strlen(script_words) + 1;
                memcpy(more + size, script_words + first, script_size - first);
                size += script_size - first;
                count += script_count - 1;
            }
            error = execute_words(reader, line, arguments, environment, depth + 1, more, size, count);
        }
        release(more);
        file_drop(reader);
        return error;
    }
    words = allocate(sizeof(*words));
    if (words == NULL)
        return -ENOMEM;
    error = add_text(words, script_words, script_size);
    words->count[0] = script_count;
    if (error == 0)
        error = add_list(words, arguments, script_count != 0, &words->count[0]);
    if (error == 0)
        error = add_list(words, environment, 0, &words->count[1]);
    if (error == 0)
        error = run(file, path, words);
    words_free(words);
    return error;
}

i64 execute(struct file *file, const char *path, u64 arguments, u64 environment)
{
    return execute_words(file, path, arguments, environment, 0, "", 0, 0);
}

// The first program: its words are texts that end with NULs.
i64 execute_first(struct file *file, const char *path, const char *arguments, u64 arguments_size,
                  const char *environment, u64 environment_size)
{
    struct words *words = allocate(sizeof(*words));
    i64 error = words == NULL ? -ENOMEM : add_text(words, arguments, arguments_size);

    if (error == 0)
        error = add_text(words, environment, environment_size);
    for (u64 i = 0; i < arguments_size; i++)
        words->count[0] += arguments[i] == 0;
    for (u64 i = 0; i < environment_size; i++)
        words->count[1] += environment[i] == 0;
    if (error == 0)
        error = run(file, path, words);
    if (words != NULL)
        words_free(words);
    return error;
}
