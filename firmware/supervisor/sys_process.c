// The system calls on processes and on what they are told of the system.

#include "clock.h"
#include "sys.h"
#include "task.h"

i64 sys_clone(u64 flags, u64 stack, u64 parent_tid, u64 tls, u64 child_tid)
{
    return task_clone(flags, stack, parent_tid, tls, child_tid);
}

static i64 execute_at(u64 descriptor, u64 path_at, u64 arguments, u64 environment, u64 flags)
{
    struct entry *folder;
    struct file *file;
    char *path, *whole;
    i64 error = path_in(path_at, &path);

    if (error != 0)
        return error;
    if (path[0] == 0 && (flags & AT_EMPTY_PATH) != 0) {
        file = file_of((i32)descriptor);
        error = file == NULL ? -EBADF : file->entry == NULL ? -EACCES : open_entry(file->entry, 0, &file);
    } else {
        error = folder_of(descriptor, path, &folder);
        if (error == 0)
            error = open_path(folder, path, 0, 0, &file);
    }
    if (error == 0) {
        if (file->inode == NULL || !IS(file->inode->mode, S_IFREG) || (file->inode->mode & 0111) == 0) {
            error = -EACCES;
        } else if (path[0] == 0) {
            whole = allocate(PATH_MAX);
            error = whole == NULL ? -ENOMEM : entry_path(file->entry, whole, PATH_MAX);
            if (error > 0)
                error = execute(file, whole, arguments, environment);
            release(whole);
        } else {
            error = execute(file, path, arguments, environment);
        }
        file_drop(file);
    }
    release(path);
    return error;
}

i64 sys_execve(u64 path, u64 arguments, u64 environment)
{
    return execute_at(AT_FDCWD, path, arguments, environment, 0);
}

i64 sys_execveat(u64 descriptor, u64 path, u64 arguments, u64 environment, u64 flags)
{
    return execute_at(descriptor, path, arguments, environment, flags);
}

i64 sys_exit(u64 code)
{
    if (current->process->tasks == 1 && !current->process->exiting)
        current->process->status = (code & 0xff) << 8;
    task_exit();
}

i64 sys_exit_group(u64 code)
{
    process_exit((code & 0xff) << 8);
    return 0; // the task ends before it is back in user mode
}

static i64 usage_out(u64 to, u64 user, u64 system)
{
    struct { struct timestamp user, system; u64 room[14]; } usage;

    memset(&usage, 0, sizeof(usage));
    user = ticks_nanoseconds(user) / 1000;
    system = ticks_nanoseconds(system) / 1000;
    usage.user = (struct timestamp) { user / 1000000, user % 1000000 };
    usage.system = (struct timestamp) { system / 1000000, system % 1000000 };
    usage.room[0] = current->process->space->resident * 4;
    return copy_out(to, &usage, sizeof(usage));
}

i64 sys_wait4(u64 pid, u64 status_at, u64 options, u64 usage)
{
    u64 times[2];
    u32 status;
    i64 result;

    if ((options & ~0xe000000bUL) != 0)
        return -EINVAL;
    result = wait_for_child((i32)pid, options, &status, times, false);
    if (result <= 0)
        return result;
    if (status_at != 0 && copy_out(status_at, &status, 4) != 0)
        return -EFAULT;
    if (usage != 0 && usage_out(usage, times[0], times[1]) != 0)
        return -EFAULT;
    return result;
}

enum { P_ALL = 0, P_PID = 1, P_PGID = 2, WEXITED = 4, WNOWAIT = 0x1000000 };

i64 sys_waitid(u64 kind, u64 id, u64 to, u64 options, u64 usage)
{
    struct information information;
    u64 times[2];
    u32 status = 0;
    i64 pid;

    if (kind > P_PGID || (options & ~0xe100000fUL) != 0 || (options & 0xe) == 0)
        return -EINVAL;
    pid = kind == P_ALL ? -1 : kind == P_PID ? (i32)id : id == 0 ? 0 : -(i64)(i32)id;
    if (kind == P_PID && pid <= 0)
        return -EINVAL;
    pid = wait_for_child(pid, options, &status, times, (options & WNOWAIT) != 0);
    if (pid < 0)
        return pid;
    memset(&information, 0, sizeof(information));
    if (pid != 0) {
        bool killed = (status & 0x7f) != 0;
        information.signal = SIGCHLD;
        information.code = killed ? 2 : 1;
        information.child.pid = pid;
        information.child.status = killed ? status & 0x7f : status >> 8;
        if (usage != 0 && usage_out(usage, times[0], times[1]) != 0)
            return -EFAULT;
    }
    return to == 0 ? 0 : copy_out(to, &information, sizeof(information));
}

i64 sys_getrusage(u64 who, u64 to)
{
    struct process *process = current->process;

    if ((i32)who == -1)
        return usage_out(to, process->children_user_time, process->children_system_time);
    return (i32)who > 1 || (i32)who < -1 ? -EINVAL : usage_out(to, process->user_time, process->system_time);
}

i64 sys_times(u64 to)
{
    struct process *process = current->process;
    u64 unit = platform.timebase / 100;
    u64 values[4] = { process->user_time / unit, process->system_time / unit,
                      process->children_user_time / unit, process->children_system_time / unit };

    if (to != 0 && copy_out(to, values, sizeof(values)) != 0)
        return -EFAULT;
    return clock_nanoseconds() / 10000000;
}

i64 sys_set_tid_address(u64 address)
{
    current->clear_tid = address;
    return current->tid;
}

i64 sys_set_robust_list(u64 head, u64 size)
{
    if (size != 24)
        return -EINVAL;
    current->robust_list = head;
    return 0;
}

i64 sys_get_robust_list(u64 tid, u64 head, u64 size_at)
{
    struct task *task = tid == 0 ? current : task_find(tid);
    u64 size = 24;

    if (task == NULL)
        return -ESRCH;
    return copy_out(head, &task->robust_list, 8) != 0 || copy_out(size_at, &size, 8) != 0 ? -EFAULT : 0;
}

i64 sys_sched_yield(void)
{
    yield();
    return 0;
}

i64 sys_getpid(void) { return current->process->pid; }
i64 sys_gettid(void) { return current->tid; }
i64 sys_getppid(void) { return current->process->parent == NULL ? 0 : current->process->parent->pid; }

static struct process *process_or_self(u64 pid)
{
    return pid == 0 ? current->process : process_find(pid);
}

i64 sys_getpgid(u64 pid)
{
    struct process *process = process_or_self(pid);

    return process == NULL ? -ESRCH : process->group;
}

i64 sys_getsid(u64 pid)
{
    struct process *process = process_or_self(pid);

    return process == NULL ? -ESRCH : process->session;
}

i64 sys_setpgid(u64 pid, u64 group)
{
    struct process *process = process_or_self(pid);

    if ((i32)group < 0)
        return -EINVAL;
    if (process == NULL || (process != current->process && process->parent != current->process))
        return -ESRCH;
    if (process->session != current->process->session || process->session == process->pid)
        return -EPERM;
    process->group = group == 0 ? process->pid : (i32)group;
    return 0;
}

i64 sys_setsid(void)
{
    struct process *process = current->process;

    if (process->group == process->pid)
        return -EPERM;
    return process->group = process->session = process->pid;
}

i64 sys_getgroups(void) { return 0; }

i64 sys_getresuid(u64 real, u64 effective, u64 saved)
{
    u32 zero = 0;

    return copy_out(real, &zero, 4) != 0 || copy_out(effective, &zero, 4) != 0 || copy_out(saved, &zero, 4) != 0 ? -EFAULT : 0;
}

i64 sys_capget(u64 header_at, u64 data)
{
    u32 header[2], sets[6] = { ~0u, ~0u, 0, 0x1ff, 0x1ff, 0 };

    if (copy_in(header, header_at, sizeof(header)) != 0)
        return -EFAULT;
    if (header[0] != 0x20080522) {
        header[0] = 0x20080522;
        return copy_out(header_at, header, 4) != 0 ? -EFAULT : -EINVAL;
    }
    return data == 0 ? 0 : copy_out(data, sets, sizeof(sets));
}

i64 sys_uname(u64 to)
{
    static const char *const texts[] = { "Linux", "pagewalk", "6.12.0-pagewalk", "#1 Pagewalk supervisor", "riscv64", "(none)" };
    char names[6][65];

    memset(names, 0, sizeof(names));
    for (int i = 0; i < 6; i++)
        memcpy(names[i], texts[i], strlen(texts[i]));
    return copy_out(to, names, sizeof(names));
}

i64 sys_sysinfo(u64 to)
{
    struct {
        i64 uptime; u64 loads[3], total, free, shared, buffers, swap, swap_free;
        u16 processes, unused; u64 high, high_free; u32 unit;
    } info = {
        .uptime = clock_nanoseconds() / 1000000000, .total = frames_total() * PAGE, .free = frames_free() * PAGE,
        .swap = swap_slots * PAGE, .swap_free = (swap_slots - swap_used) * PAGE, .processes = 1, .unit = 1,
    };

    return copy_out(to, &info, sizeof(info));
}

enum { RLIMIT_STACK = 3, RLIMIT_CORE = 4, RLIMIT_NOFILE = 7, RLIMITS = 16 };

i64 sys_prlimit64(u64 pid, u64 which, u64 new, u64 old)
{
    u64 limit[2] = { ~0UL, ~0UL }, value[2];

    if (process_or_self(pid) == NULL)
        return -ESRCH;
    if (which >= RLIMITS)
        return -EINVAL;
    if (which == RLIMIT_STACK)
        limit[0] = 8UL << 20;
    else if (which == RLIMIT_CORE)
        limit[0] = 0;
    else if (which == RLIMIT_NOFILE)
        limit[0] = limit[1] = FILES_MAX;
    if (new != 0) { // accepted, and of no effect
        if (copy_in(value, new, sizeof(value)) != 0)
            return -EFAULT;
        if (value[0] > value[1])
            return -EINVAL;
    }
    return old == 0 ? 0 : copy_out(old, limit, sizeof(limit));
}

i64 sys_getrlimit(u64 which, u64 to) { return to == 0 ? -EFAULT : sys_prlimit64(0, which, 0, to); }
i64 sys_setrlimit(u64 which, u64 from) { return from == 0 ? -EFAULT : sys_prlimit64(0, which, from, 0); }

enum { PR_SET_PDEATHSIG = 1, PR_GET_DUMPABLE = 3, PR_SET_DUMPABLE = 4, PR_SET_NAME = 15, PR_GET_NAME = 16,
       PR_SET_NO_NEW_PRIVS = 38, PR_GET_NO_NEW_PRIVS = 39 };

i64 sys_prctl(u64 what, u64 argument)
{
    char name[16];
    i64 length;

    switch (what) {
    case PR_SET_NAME:
        length = text_in(name, argument, sizeof(name));
        if (length == -EFAULT)
            return length;
        name[15] = 0;
        memcpy(current->process->name, name, sizeof(name));
        return 0;
    case PR_GET_NAME:
        return copy_out(argument, current->process->name, 16);
    case PR_GET_DUMPABLE:
        return 1;
    case PR_GET_NO_NEW_PRIVS:
        return 0;
    case PR_SET_PDEATHSIG:
    case PR_SET_DUMPABLE:
    case PR_SET_NO_NEW_PRIVS:
        return 0;
    default:
        return -EINVAL;
    }
}

i64 sys_getcpu(u64 cpu, u64 node)
{
    u32 zero = 0;

    if ((cpu != 0 && copy_out(cpu, &zero, 4) != 0) || (node != 0 && copy_out(node, &zero, 4) != 0))
        return -EFAULT;
    return 0;
}

i64 sys_sched_getaffinity(u64 pid, u64 size, u64 to)
{
    u64 mask = 1;

    if (pid != 0 && task_find(pid) == NULL)
        return -ESRCH;
    if (size < 8 || size % 8 != 0)
        return -EINVAL;
    return copy_out(to, &mask, 8) != 0 ? -EFAULT : 8;
}

i64 sys_sched_getparam(u64 pid, u64 to)
{
    u32 zero = 0;

    (void)pid;
    return copy_out(to, &zero, 4);
}

i64 sys_sched_get_priority(u64 policy)
{
    return policy == 1 || policy == 2 ? 1 : 0;
}

// What the processor can do, as far as the key is known.
i64 sys_riscv_hwprobe(u64 pairs, u64 count, u64 cpu_size, u64 cpus, u64 flags)
{
    struct { i64 key; u64 value; } pair;

    (void)cpu_size, (void)cpus;
    if (flags != 0)
        return -EINVAL;
    for (u64 i = 0; i < count; i++) {
        if (copy_in(&pair, pairs + 16 * i, 16) != 0)
            return -EFAULT;
        pair.value = 0;
        if (pair.key == 3)
            pair.value = 1; // RISCV_HWPROBE_BASE_BEHAVIOR_IMA
        else if (pair.key == 4)
            pair.value = 3; // F and D, C
        else if (pair.key < 0 || pair.key > 5)
            pair.key = -1;
        if (copy_out(pairs + 16 * i, &pair, 16) != 0)
            return -EFAULT;
    }
    return 0;
}

i64 sys_getpriority(void) { return 20; } // a nice value of 0, as the call gives it
