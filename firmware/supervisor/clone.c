// clone: a new task, in this process or in one that begins as its copy.

#include "task.h"

enum {
    CLONE_VM = 0x100, CLONE_FS = 0x200, CLONE_FILES = 0x400, CLONE_SIGHAND = 0x800, CLONE_VFORK = 0x4000,
    CLONE_PARENT = 0x8000, CLONE_THREAD = 0x10000, CLONE_SETTLS = 0x80000, CLONE_PARENT_SETTID = 0x100000,
    CLONE_CHILD_CLEARTID = 0x200000, CLONE_CHILD_SETTID = 0x1000000,
};

static struct place *place_copy(struct place *from)
{
    struct place *place = allocate(sizeof(*place));

    if (place != NULL) {
        *place = (struct place) { 1, from->mask, entry_keep(from->folder) };
    }
    return place;
}

static struct actions *actions_copy(struct actions *from)
{
    struct actions *actions = allocate(sizeof(*actions));

    if (actions != NULL) {
        *actions = *from;
        actions->refs = 1;
    }
    return actions;
}

static struct process *process_copy(struct process *from, u64 flags)
{
    struct process *process = process_new();

    if (process == NULL)
        return NULL;
    process->group = from->group;
    process->session = from->session;
    process->parent = (flags & CLONE_PARENT) != 0 && from->parent != NULL ? from->parent : from;
    process->end_signal = (flags & 0xff) <= SIGNALS ? flags & 0xff : 0; // what is no signal is not sent
    memcpy(process->name, from->name, sizeof(process->name));
    process->program = entry_keep(from->program);
    process->space = (flags & CLONE_VM) != 0 ? from->space : space_copy(from->space);
    process->files = (flags & CLONE_FILES) != 0 ? from->files : files_copy(from->files);
    process->place = (flags & CLONE_FS) != 0 ? from->place : place_copy(from->place);
    process->actions = (flags & CLONE_SIGHAND) != 0 ? from->actions : actions_copy(from->actions);
    if ((flags & CLONE_VM) != 0)
        process->space->refs++;
    if ((flags & CLONE_FILES) != 0)
        process->files->refs++;
    if ((flags & CLONE_FS) != 0)
        process->place->refs++;
    if ((flags & CLONE_SIGHAND) != 0)
        process->actions->refs++;
    if (process->space != NULL && process->files != NULL && process->place != NULL && process->actions != NULL)
        return process;
    process_give_up(process);
    process_free(process);
    return NULL;
}

// A parent that called vfork waits until the child has left its memory.
static void wait_for_vfork(i32 pid)
{
    struct process *child;

    while ((child = process_find(pid)) != NULL && !child->executed && !child->zombie
           && !must_end(current)) {
        current->state = SLEEPING;
        current->channel = child;
        schedule();
    }
}

i64 task_clone(u64 flags, u64 stack, u64 parent_tid, u64 tls, u64 child_tid)
{
    struct process *process = current->process;
    struct task *task;
    u32 tid;

    if ((flags & CLONE_THREAD) != 0 && (flags & (CLONE_VM | CLONE_SIGHAND)) != (CLONE_VM | CLONE_SIGHAND))
        return -EINVAL;
    if ((flags & CLONE_SIGHAND) != 0 && (flags & CLONE_VM) == 0)
        return -EINVAL;
    if ((flags & CLONE_THREAD) == 0)
        process = process_copy(process, flags);
    if (process == NULL)
        return -ENOMEM;
    task = task_new(process);
    if (task == NULL) {
        if (process != current->process) {
            process_give_up(process);
            process_free(process);
        }
        return -EAGAIN;
    }
    if (process != current->process)
        process->pid = task->tid;
    save_task_floats(current);
    task->floats = current->floats;
    *task->registers = *current->registers;
    task->registers->x[A0] = 0;
    if (stack != 0)
        task->registers->x[SP] = stack;
    if ((flags & CLONE_SETTLS) != 0)
        task->registers->x[TP] = tls;
    task->mask = current->mask;
    if ((flags & CLONE_VM) == 0 || (flags & CLONE_VFORK) != 0) {
        task->signal_stack = current->signal_stack;
        task->signal_stack_size = current->signal_stack_size;
    }
    tid = task->tid;
    if ((flags & CLONE_PARENT_SETTID) != 0)
        copy_out(parent_tid, &tid, 4);
    if ((flags & CLONE_CHILD_CLEARTID) != 0)
        task->clear_tid = child_tid;
    if ((flags & CLONE_CHILD_SETTID) != 0) {
        // Into the child's memory, which is not ours: it is there for a moment.
        space_switch(process->space);
        struct process *ours = current->process;
        current->process = process;
        copy_out(child_tid, &tid, 4);
        current->process = ours;
        space_switch(ours->space);
    }
    make_runnable(task);
    if ((flags & CLONE_VFORK) != 0)
        wait_for_vfork(tid);
    return tid;
}
