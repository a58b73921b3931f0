// The system calls about signals.

#include "clock.h"
#include "sys.h"
#include "task.h"

u32 signal_take(struct task *task, u64 set, struct information *information);
#define NEVER_BLOCKED (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

i64 sys_rt_sigaction(u64 signal, u64 new, u64 old, u64 size)
{
    struct action *action, value;

    if (signal == 0 || signal > SIGNALS || size != 8)
        return -EINVAL;
    action = &current->process->actions->of[signal - 1];
    if (new != 0) {
        if (signal == SIGKILL || signal == SIGSTOP)
            return -EINVAL;
        if (copy_in(&value, new, sizeof(value)) != 0)
            return -EFAULT;
    }
    if (old != 0 && copy_out(old, action, sizeof(*action)) != 0)
        return -EFAULT;
    if (new != 0)
        *action = value;
    return 0;
}

i64 sys_rt_sigprocmask(u64 how, u64 new, u64 old, u64 size)
{
    u64 before = current->mask, set;

    if (size != 8)
        return -EINVAL;
    if (new != 0) {
        if (copy_in(&set, new, 8) != 0)
            return -EFAULT;
        if (how > 2)
            return -EINVAL;
        current->mask = (how == 0 ? before | set : how == 1 ? before & ~set : set) & ~NEVER_BLOCKED;
    }
    return old == 0 ? 0 : copy_out(old, &before, 8);
}

i64 sys_rt_sigpending(u64 to, u64 size)
{
    u64 set = (current->pending.set | current->process->pending.set) & current->mask;

    return size > 8 ? -EINVAL : copy_out(to, &set, size);
}

// Other signals count until the call returns.
i64 set_mask_for_call(u64 set, u64 size)
{
    u64 mask;

    if (set == 0)
        return 0;
    if (size != 8)
        return -EINVAL;
    if (copy_in(&mask, set, 8) != 0)
        return -EFAULT;
    current->saved_mask = current->mask;
    current->restore_mask = true;
    current->mask = mask & ~NEVER_BLOCKED;
    return 0;
}

i64 sys_rt_sigsuspend(u64 set, u64 size)
{
    i64 error = set_mask_for_call(set, size);

    if (error != 0)
        return error;
    while (sleep_on(&current->mask, 0) == 0)
        ;
    return -EINTR;
}

i64 sys_rt_sigtimedwait(u64 set, u64 to, u64 timeout, u64 size)
{
    struct information information;
    u64 wanted, deadline = 0;
    i64 error;
    u32 signal;

    if (size != 8)
        return -EINVAL;
    if (copy_in(&wanted, set, 8) != 0)
        return -EFAULT;
    error = deadline_in(timeout, false, &deadline);
    if (error != 0)
        return error;
    while ((signal = signal_take(current, wanted, &information)) == 0) {
        error = sleep_on(&current->process->pending, deadline);
        if (error == -ETIMEDOUT)
            return -EAGAIN;
        if (error != 0 && ((current->pending.set | current->process->pending.set) & wanted) == 0)
            return -EINTR;
    }
    if (to != 0 && copy_out(to, &information, sizeof(information)) != 0)
        return -EFAULT;
    return signal;
}

i64 sys_sigaltstack(u64 new, u64 old)
{
    u64 sp = current->registers->x[SP];
    bool in_use = sp > current->signal_stack && sp - current->signal_stack <= current->signal_stack_size;
    struct { u64 base; u32 flags, unused; u64 size; } value, before = {
        current->signal_stack, current->signal_stack_size == 0 ? 2 : in_use, 0, current->signal_stack_size,
    };

    if (new != 0) {
        if (copy_in(&value, new, sizeof(value)) != 0)
            return -EFAULT;
        if (in_use)
            return -EPERM;
        if ((value.flags & 2) != 0)
            value.base = value.size = 0;
        else if (value.size < 2048)
            return -ENOMEM;
    }
    if (old != 0 && copy_out(old, &before, sizeof(before)) != 0)
        return -EFAULT;
    if (new != 0) {
        current->signal_stack = value.base;
        current->signal_stack_size = value.size;
    }
    return 0;
}

static i64 send_to_process(struct process *process, u32 signal)
{
    struct information information = { .signal = signal, .sender = { current->process->pid, 0, 0 } };

    if (signal != 0)
        signal_process(process, &information);
    return 0;
}

i64 sys_kill(u64 target, u64 signal)
{
    i32 pid = target;
    bool any = false;

    if (signal > SIGNALS)
        return -EINVAL;
    for (struct process *process = processes, *next; process != NULL; process = next) {
        next = process->next;
        if (pid > 0 ? process->pid != pid
            : pid == 0 ? process->group != current->process->group
            : pid == -1 ? process == current->process || process->pid == 1 : process->group != -pid)
            continue;
        any = true;
        send_to_process(process, signal);
    }
    return any ? 0 : -ESRCH;
}

i64 sys_tgkill(u64 group, u64 tid, u64 signal)
{
    struct task *task = task_find(tid);
    struct information information = { .signal = signal, .code = -6, .sender = { current->process->pid, 0, 0 } };

    if ((i32)tid <= 0 || (i32)group == 0 || signal > SIGNALS)
        return -EINVAL;
    if (task == NULL || ((i32)group > 0 && task->process->pid != (i32)group))
        return -ESRCH;
    if (signal != 0)
        signal_task(task, &information);
    return 0;
}

i64 sys_tkill(u64 tid, u64 signal)
{
    return sys_tgkill(-1, tid, signal);
}

static i64 information_in(struct information *information, u64 from, u64 signal)
{
    if (signal == 0 || signal > SIGNALS)
        return -EINVAL;
    if (copy_in(information, from, sizeof(*information)) != 0)
        return -EFAULT;
    information->signal = signal;
    return information->code >= 0 ? -EPERM : 0;
}

i64 sys_rt_sigqueueinfo(u64 pid, u64 signal, u64 from)
{
    struct process *process = process_find(pid);
    struct information information;
    i64 error = information_in(&information, from, signal);

    if (error != 0)
        return error;
    if (process == NULL)
        return -ESRCH;
    signal_process(process, &information);
    return 0;
}

i64 sys_rt_tgsigqueueinfo(u64 group, u64 tid, u64 signal, u64 from)
{
    struct task *task = task_find(tid);
    struct information information;
    i64 error = information_in(&information, from, signal);

    if (error != 0)
        return error;
    if (task == NULL || task->process->pid != (i32)group)
        return -ESRCH;
    signal_task(task, &information);
    return 0;
}

i64 sys_rt_sigreturn(void)
{
    return signal_return();
}
