// The life of processes and tasks: the first one, the end, and waiting for children (see clone.c too).

#include "csr.h"
#include "task.h"

struct process *processes;
static i32 last_pid;
static u32 stacks_used, free_stacks[STACKS_MAX], free_stack_count;
static struct process *first;

void task_start(void);
void save_floats(struct floats *floats);
void restore_floats(const struct floats *floats);

struct task *task_find(i32 tid)
{
    struct task *task = tasks;

    while (task != NULL && task->tid != tid)
        task = task->next;
    return task;
}

struct process *process_find(i32 pid)
{
    struct process *process = processes;

    while (process != NULL && process->pid != pid)
        process = process->next;
    return process;
}

static i32 new_pid(void)
{
    do
        last_pid = last_pid % 4000000 + 1;
    while (task_find(last_pid) != NULL || process_find(last_pid) != NULL);
    return last_pid;
}

void save_task_floats(struct task *task)
{
    if ((task->registers->status & SSTATUS_FS) != SSTATUS_FS_DIRTY)
        return;
    csr_set(sstatus, SSTATUS_FS_INITIAL);
    save_floats(&task->floats);
    task->registers->status = (task->registers->status & ~SSTATUS_FS) | SSTATUS_FS_CLEAN;
}

void restore_task_floats(struct task *task)
{
    csr_set(sstatus, SSTATUS_FS);
    restore_floats(&task->floats);
    task->registers->status = (task->registers->status & ~SSTATUS_FS) | SSTATUS_FS_CLEAN;
}

// A kernel stack: three pages above one that stays unmapped.  Those of tasks that have ended are
// used again.
static bool stack_take(u32 *number)
{
    if (free_stack_count != 0) {
        *number = free_stacks[--free_stack_count];
        return true;
    }
    if (stacks_used == STACKS_MAX)
        return false;
    for (int page = 1; page <= 3; page++) {
        u64 physical = frame_take(FRAME_KERNEL);
        if (physical == 0 || !map_kernel_page(STACKS + (u64)stacks_used * STACK_STRIDE + page * PAGE, physical))
            return false; // what was mapped is mapped again at the next try
    }
    *number = stacks_used++;
    return true;
}

struct task *task_new(struct process *process)
{
    struct task *task = allocate(sizeof(*task));

    if (task == NULL || !frames_plenty() || !stack_take(&task->stack)) {
        release(task);
        return NULL;
    }
    task->registers = (struct registers *)(STACKS + (u64)(task->stack + 1) * STACK_STRIDE - REGISTERS_SIZE);
    memset(task->registers, 0, sizeof(*task->registers));
    task->registers->status = SSTATUS_SPIE | SSTATUS_FS_CLEAN;
    task->context.ra = (u64)task_start;
    task->context.sp = (u64)task->registers;
    task->process = process;
    task->tid = new_pid();
    task->next = tasks;
    tasks = task;
    process->tasks++;
    return task;
}

void task_free(struct task *task)
{
    struct task **link = &tasks;

    while (*link != task)
        link = &(*link)->next;
    *link = task->next;
    free_stacks[free_stack_count++] = task->stack;
    release(task);
}

struct process *process_new(void)
{
    struct process *process = allocate(sizeof(*process));

    if (process != NULL) {
        process->next = processes;
        processes = process;
    }
    return process;
}

void process_free(struct process *process)
{
    struct process **link = &processes;

    while (*link != process)
        link = &(*link)->next;
    *link = process->next;
    pending_clear(&process->pending);
    if (process->program != NULL)
        entry_drop(process->program);
    release(process);
}

static void place_drop(struct place *place)
{
    if (place == NULL || --place->refs != 0)
        return;
    entry_drop(place->folder);
    release(place);
}

static void actions_drop(struct actions *actions)
{
    if (actions != NULL && --actions->refs == 0)
        release(actions);
}

// The process without memory that init.c turns into the first program.
struct process *process_first(struct entry *folder)
{
    struct process *process = process_new();
    struct task *task = process == NULL ? NULL : task_new(process);

    if (task == NULL)
        return NULL;
    process->pid = process->group = process->session = task->tid;
    process->files = files_new();
    process->place = allocate(sizeof(*process->place));
    process->actions = allocate(sizeof(*process->actions));
    if (process->files == NULL || process->place == NULL || process->actions == NULL)
        return NULL;
    process->place->refs = process->actions->refs = 1;
    process->place->mask = 022;
    process->place->folder = entry_keep(folder);
    first = process;
    current = task;
    return process;
}

// What a process has, but not its status.
void process_give_up(struct process *process)
{
    space_drop(process->space);
    if (process->files != NULL)
        files_drop(process->files, process);
    place_drop(process->place);
    actions_drop(process->actions);
    process->space = NULL;
    process->files = NULL;
    process->place = NULL;
    process->actions = NULL;
}

static void end_of_machine(struct process *process)
{
    u32 status = process->status, code = (status & 0x7f) == 0 ? status >> 8 : 128 + (status & 0x7f);

    inodes_sync();
    machine_end(code & 0xff);
}

// The last task is gone: the process is nothing but its status.
static void process_end(struct process *process)
{
    struct information information = { .signal = process->end_signal };

    if (process == first)
        end_of_machine(process);
    process_give_up(process);
    for (struct process *child = processes; child != NULL; child = child->next)
        if (child->parent == process) {
            child->parent = first;
            child->end_signal = SIGCHLD;
            if (child->zombie)
                wake(first);
        }
    process->zombie = true;
    process->alarm = process->used_alarm[0] = process->used_alarm[1] = 0;
    timers_drop(process);
    wake(process); // vfork
    information.child.pid = process->pid;
    information.code = (process->status & 0x7f) == 0 ? 1 : 2; // CLD_EXITED, CLD_KILLED
    information.child.status = (process->status & 0x7f) == 0 ? process->status >> 8 & 0xff : process->status & 0x7f;
    if (process->end_signal != 0)
        signal_process(process->parent, &information);
    wake(process->parent);
    wake_polls();
    if (process->parent->actions != NULL && process->end_signal == SIGCHLD) {
        struct action *action = &process->parent->actions->of[SIGCHLD - 1];
        if (action->handler == 1 || (action->flags & 2) != 0) { // SIG_IGN, SA_NOCLDWAIT
            process->parent->children_user_time += process->user_time;
            process_free(process);
        }
    }
}

void task_exit(void)
{
    struct process *process = current->process;

    robust_list_end(current);
    futex_wake_exit(current);
    pending_clear(&current->pending);
    if (--process->tasks == 0) {
        space_switch(NULL);
        process_end(process);
    }
    current->state = DEAD;
    schedule();
    panic("a task that has ended runs again");
}

// Ends all tasks of the process; each notices when it next leaves the kernel.
void process_exit(u32 status)
{
    struct process *process = current->process;

    if (process->exiting)
        return;
    process->exiting = true;
    process->status = status;
    for (struct task *task = tasks; task != NULL; task = task->next)
        if (task->process == process && task != current)
            interrupt_sleep(task);
}

enum { WNOHANG = 1, WALL = 0x40000000 };

static bool matches(const struct process *child, i64 pid)
{
    if (pid > 0)
        return child->pid == pid;
    if (pid == 0)
        return child->group == current->process->group;
    return pid == -1 || child->group == -pid;
}

// Waits for the end of a child; with `keep` it stays a zombie.
i64 wait_for_child(i64 pid, u32 options, u32 *status, u64 times[2], bool keep)
{
    i64 error = 0;

    for (;;) {
        bool any = false;

        for (struct process *child = processes; child != NULL; child = child->next) {
            if (child->parent != current->process || !matches(child, pid))
                continue;
            any = true;
            if (!child->zombie)
                continue;
            pid = child->pid;
            *status = child->status;
            times[0] = child->user_time + child->children_user_time;
            times[1] = child->system_time + child->children_system_time;
            if (!keep) {
                current->process->children_user_time += times[0];
                current->process->children_system_time += times[1];
                process_free(child);
            }
            return pid;
        }
        if (!any)
            return -ECHILD;
        if ((options & WNOHANG) != 0)
            return 0;
        if (error != 0)
            return -ERESTART;
        // A child's end comes with a signal: look for the child before that counts.
        error = sleep_on(current->process, 0);
    }
}
