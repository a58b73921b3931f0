// Starting a program: a new address space for its file and its words takes the place of the old one.  A
// script names in its first line who reads it.

#include "csr.h"
#include "exec.h"
#include "init.h"

enum { SCRIPTS_MAX = 4 };

// Where the first program goes if it may lie anywhere; 0: at random, as every other.
u64 program_base;

// What is open may be anything, by its name in /proc/self/fd.  A process's program has a name.
static bool is_program(const struct file *file)
{
    return file->entry != NULL && file->inode != NULL && IS(file->inode->mode, S_IFREG);
}

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
        // Nothing may sleep here: the process's other tasks must not run in what is half of a new program.
        error = open_path(root_entry, program->interpreter_path, O_NONBLOCK, 0, &interpreter_file);
        if (error == 0) {
            program->interpreter = space->map_top - (4UL << 20);
            error = !is_program(interpreter_file) ? -EACCES
                  : map_program(space, interpreter_file, program->interpreter, &interpreter);
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
    timers_drop(process);
    current->signal_stack = current->signal_stack_size = 0;
    current->clear_tid = current->robust_list = 0;
    current->tid = process->pid; // whichever task it was
    wake(process); // who called vfork
}

// All other tasks of the process must be gone before its memory is.  When two of them want that, the
// first stays.
static i64 be_alone(struct process *process)
{
    if (must_end(current))
        return -EINTR; // and the task ends
    process->survivor = current;
    for (struct task *task = tasks; task != NULL; task = task->next)
        if (task->process == process && task != current)
            interrupt_sleep(task);
    while (process->tasks > 1 && !process->exiting)
        yield();
    process->survivor = NULL;
    return process->exiting ? -EINTR : 0;
}

// Builds the new address space beside the old one: until nothing can fail any more, the process is whole.
static i64 build_beside(struct space *space, struct file *file, const struct words *words, const char *path,
                        u64 *pc, u64 *sp)
{
    struct process *process = current->process;
    struct program *program = allocate(sizeof(*program));
    struct space *old = process->space;
    i64 error = program == NULL ? -ENOMEM : 0;

    if (error == 0) {
        process->space = space;
        space_switch(space);
        error = build_space(space, file, words, path, program, pc, sp);
        process->space = old;
        space_switch(old);
    }
    release(program);
    return error;
}

static i64 run(struct file *file, const char *path, struct words *words)
{
    struct process *process = current->process;
    struct space *old = process->space, *space = space_new();
    u64 pc = 0, sp = 0;
    i64 error = space == NULL ? -ENOMEM : build_beside(space, file, words, path, &pc, &sp);

    if (error == 0)
        error = be_alone(process);
    if (error != 0) {
        space_drop(space);
        return error;
    }
    process->space = space;
    space_switch(space);
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

    if (!is_program(file))
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
