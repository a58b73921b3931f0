// Signals: sent to a task or a process, kept until they are wanted, and delivered when a task is
// about to go back to user mode: as the call of a handler, or as the end of the process.

#include "csr.h"
#include "init.h"
#include "task.h"

enum { IGNORE = 1 }; // SIG_IGN; 0 is SIG_DFL
#define ON_STACK 0x08000000UL
#define RESTART 0x10000000UL
#define NO_DEFER 0x40000000UL
#define RESET_HANDLER 0x80000000UL
#define NEVER_BLOCKED (SIGNAL_BIT(SIGKILL) | SIGNAL_BIT(SIGSTOP))

// Linux's layout of what a handler gets.  The 160 bytes behind the mask are room for more signals.
struct signal_frame {
    struct information information;
    struct {
        u64 flags, link;
        u64 stack, stack_flags, stack_size;
        u64 mask, room[16];
        u64 registers[32];
        u64 f[32];
        u32 fcsr, floats_room[67];
    } context;
};
_Static_assert(sizeof(struct information) == 128, "siginfo has 128 bytes");
_Static_assert(sizeof(struct signal_frame) == 128 + 960, "rt_sigframe has 1088 bytes");

static const char *const names[] = {
    [SIGHUP] = "SIGHUP", [SIGINT] = "SIGINT", [SIGQUIT] = "SIGQUIT", [SIGILL] = "SIGILL", [SIGTRAP] = "SIGTRAP",
    [SIGABRT] = "SIGABRT", [SIGBUS] = "SIGBUS", [SIGFPE] = "SIGFPE", [SIGKILL] = "SIGKILL", [10] = "SIGUSR1",
    [SIGSEGV] = "SIGSEGV", [12] = "SIGUSR2", [SIGPIPE] = "SIGPIPE", [SIGALRM] = "SIGALRM", [SIGTERM] = "SIGTERM",
};

static bool ignored_by_default(u32 signal)
{
    return signal == SIGCHLD || signal == SIGCONT || signal == SIGURG || signal == SIGWINCH
        || (signal >= SIGSTOP && signal <= SIGTTOU); // there is no job control
}

static bool is_ignored(const struct process *process, u32 signal)
{
    u64 handler = process->actions == NULL ? IGNORE : process->actions->of[signal - 1].handler;

    return handler == IGNORE || (handler == 0 && ignored_by_default(signal));
}

static bool add(struct pending *pending, const struct information *information)
{
    struct queued *queued, **link = &pending->queue;
    u64 bit = SIGNAL_BIT(information->signal);

    if (signal_files)
        wake_polls();

    if ((pending->set & bit) != 0 && information->signal < 32)
        return false;
    pending->set |= bit;
    queued = allocate(sizeof(*queued));
    if (queued == NULL)
        return true; // delivered without what is known about it
    queued->information = *information;
    while (*link != NULL)
        link = &(*link)->next;
    *link = queued;
    return true;
}

// Whether a timer's signal is still to be taken: there is no second one meanwhile.
bool timer_signal_waits(const struct pending *pending, i32 signal, i32 timer)
{
    const struct queued *queued = pending->queue;

    while (queued != NULL && (queued->information.signal != signal || queued->information.code != SI_TIMER
                              || queued->information.sender.pid != timer))
        queued = queued->next;
    return queued != NULL;
}

static void take(struct pending *pending, u32 signal, struct information *information)
{
    struct queued **link = &pending->queue, *queued;

    memset(information, 0, sizeof(*information));
    information->signal = signal;
    pending->set &= ~SIGNAL_BIT(signal);
    while (*link != NULL && (*link)->information.signal != (i32)signal)
        link = &(*link)->next;
    queued = *link;
    if (queued == NULL)
        return;
    *information = queued->information;
    *link = queued->next;
    release(queued);
    for (queued = *link; queued != NULL; queued = queued->next)
        if (queued->information.signal == (i32)signal)
            pending->set |= SIGNAL_BIT(signal);
}

void pending_clear(struct pending *pending)
{
    while (pending->queue != NULL) {
        struct queued *queued = pending->queue;
        pending->queue = queued->next;
        release(queued);
    }
    pending->set = 0;
}

// The next signal of a set that is pending; 0 if there is none.
u32 signal_take(struct task *task, u64 set, struct information *information)
{
    u64 own = task->pending.set & set, shared = task->process->pending.set & set;

    if ((own | shared) == 0)
        return 0;
    for (u32 signal = 1; signal <= SIGNALS; signal++) {
        if ((own & SIGNAL_BIT(signal)) != 0) {
            take(&task->pending, signal, information);
            return signal;
        }
        if ((shared & SIGNAL_BIT(signal)) != 0) {
            take(&task->process->pending, signal, information);
            return signal;
        }
    }
    return 0;
}

bool signal_pending(const struct task *task)
{
    return must_end(task)
        || ((task->pending.set | task->process->pending.set) & ~task->mask) != 0;
}

static void kill_all(struct process *process, u32 status)
{
    if (process->exiting || process->zombie)
        return;
    process->exiting = true;
    process->status = status;
    for (struct task *task = tasks; task != NULL; task = task->next)
        if (task->process == process)
            interrupt_sleep(task);
}

void signal_task(struct task *task, const struct information *information)
{
    u64 bit = SIGNAL_BIT(information->signal);

    if (information->signal == SIGKILL) {
        kill_all(task->process, SIGKILL);
        return;
    }
    if (is_ignored(task->process, information->signal) && (task->mask & bit) == 0)
        return;
    // Who blocks it may be waiting for it (sigtimedwait).
    if (add(&task->pending, information)
        && ((task->mask & bit) == 0 || task->channel == &task->process->pending))
        interrupt_sleep(task);
}

void signal_process(struct process *process, const struct information *information)
{
    u64 bit = SIGNAL_BIT(information->signal);

    if (process == NULL || process->zombie)
        return;
    if (information->signal == SIGKILL) {
        kill_all(process, SIGKILL);
        return;
    }
    bool blocked = true;
    for (struct task *task = tasks; task != NULL; task = task->next)
        if (task->process == process && (task->mask & bit) == 0)
            blocked = false;
    if (is_ignored(process, information->signal) && !blocked)
        return;
    add(&process->pending, information);
    for (struct task *task = tasks; task != NULL; task = task->next)
        if (task->process == process && (task->mask & bit) == 0) {
            interrupt_sleep(task);
            return;
        }
    // Blocked everywhere: someone may be waiting for it (sigtimedwait).
    for (struct task *task = tasks; task != NULL; task = task->next)
        if (task->process == process && task->channel == &process->pending)
            interrupt_sleep(task);
}

// The process ends by a signal; says why if that is worth a line.
void kill_current(u32 signal, const char *reason, u64 address)
{
    struct process *process = current->process;
    const char *name = signal < LENGTH(names) && names[signal] != NULL ? names[signal] : "a signal";

    if (process->exiting)
        return;
    if (reason != NULL)
        complain("%s[%i]: killed by signal %d (%s) at address 0x%x, pc 0x%x: %s\n", process->name,
                 (i64)process->pid, (u64)signal, name, address, current->registers->x[0], reason);
    else if (process->pid == 1)
        complain("%s[%i]: killed by signal %d (%s)\n", process->name, (i64)process->pid, (u64)signal, name);
    process_exit(signal);
}

// The instruction itself is at fault.
void signal_fault(u32 signal, i32 code, u64 address, const char *reason)
{
    struct information information = { .signal = signal, .code = code, .address = address };
    u64 handler = current->process->actions->of[signal - 1].handler;

    if (handler == 0 || handler == IGNORE || (current->mask & SIGNAL_BIT(signal)) != 0) {
        kill_current(signal, reason, address);
        return;
    }
    signal_task(current, &information);
}

static bool on_signal_stack(u64 sp)
{
    return sp > current->signal_stack && sp - current->signal_stack <= current->signal_stack_size;
}

static u64 stack_flags(u64 sp)
{
    return current->signal_stack_size == 0 ? 2 : on_signal_stack(sp); // SS_DISABLE, SS_ONSTACK
}

// Makes the task call the handler.
static void call_handler(struct registers *registers, u32 signal, const struct information *information)
{
    struct action *action = &current->process->actions->of[signal - 1];
    u64 sp = registers->x[SP];
    struct signal_frame frame;

    memset(&frame, 0, sizeof(frame));
    save_task_floats(current);
    frame.information = *information;
    frame.context.stack = current->signal_stack;
    frame.context.stack_flags = stack_flags(sp);
    frame.context.stack_size = current->signal_stack_size;
    frame.context.mask = current->restore_mask ? current->saved_mask : current->mask;
    memcpy(frame.context.registers, registers->x, sizeof(registers->x));
    memcpy(frame.context.f, current->floats.f, sizeof(current->floats.f));
    frame.context.fcsr = current->floats.fcsr;
    if ((action->flags & ON_STACK) != 0 && current->signal_stack_size != 0 && !on_signal_stack(sp))
        sp = current->signal_stack + current->signal_stack_size;
    sp = ROUND_DOWN(sp - sizeof(frame), 16);
    if (copy_out(sp, &frame, sizeof(frame)) != 0) {
        kill_current(SIGSEGV, "no room on the stack for a signal handler", sp);
        return;
    }
    registers->x[0] = action->handler;
    registers->x[RA] = TRAMPOLINE;
    registers->x[SP] = sp;
    registers->x[A0] = signal;
    registers->x[A1] = sp;
    registers->x[A2] = sp + sizeof(struct information);
    current->restore_mask = false;
    current->mask |= action->mask;
    if ((action->flags & NO_DEFER) == 0)
        current->mask |= SIGNAL_BIT(signal);
    current->mask &= ~NEVER_BLOCKED;
    if ((action->flags & RESET_HANDLER) != 0)
        action->handler = 0;
}

static void call_again(struct registers *registers)
{
    registers->x[A0] = registers->first_argument;
    registers->x[0] -= 4;
}

void signals_deliver(struct registers *registers)
{
    struct information information;
    u32 signal;

    for (;;) {
        if (must_end(current))
            task_exit();
        signal = signal_take(current, ~current->mask, &information);
        if (signal == 0)
            break;
        struct action *action = &current->process->actions->of[signal - 1];
        if (is_ignored(current->process, signal))
            continue;
        if (action->handler == 0) {
            kill_current(signal, NULL, 0);
            continue;
        }
        if (current->restarts) {
            current->restarts = false;
            if ((action->flags & RESTART) != 0)
                call_again(registers);
            else
                registers->x[A0] = -EINTR;
        }
        call_handler(registers, signal, &information);
    }
    if (current->restarts) {
        current->restarts = false;
        call_again(registers);
    }
    if (current->restore_mask) {
        current->restore_mask = false;
        current->mask = current->saved_mask;
    }
}

// The handler is done: everything is again as it was, and so is a0, the result of this call.
i64 signal_return(void)
{
    struct registers *registers = current->registers;
    struct signal_frame frame;

    if (copy_in(&frame, registers->x[SP], sizeof(frame)) != 0) {
        kill_current(SIGSEGV, "a signal handler has lost its stack", registers->x[SP]);
        return 0;
    }
    memcpy(registers->x, frame.context.registers, sizeof(registers->x));
    memcpy(current->floats.f, frame.context.f, sizeof(current->floats.f));
    current->floats.fcsr = frame.context.fcsr & 0xff;
    restore_task_floats(current);
    current->mask = frame.context.mask & ~NEVER_BLOCKED;
    return registers->x[A0];
}
