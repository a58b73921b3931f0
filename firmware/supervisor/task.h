// Processes and their threads, which are called tasks here.
#pragma once

#include "file.h"

struct registers {
    u64 x[32];         // x[0] is the pc
    u64 status;        // sstatus
    u64 first_argument; // a0 as it was when the system call began
};
enum { RA = 1, SP = 2, TP = 4, A0 = 10, A1 = 11, A2 = 12, A7 = 17 };

struct floats {
    u64 f[32];
    u32 fcsr;
};

struct context {
    u64 ra, sp, s[12];
};

enum { SIGHUP = 1, SIGINT = 2, SIGQUIT = 3, SIGILL = 4, SIGTRAP = 5, SIGABRT = 6, SIGBUS = 7, SIGFPE = 8,
       SIGKILL = 9, SIGSEGV = 11, SIGPIPE = 13, SIGALRM = 14, SIGTERM = 15, SIGCHLD = 17, SIGCONT = 18,
       SIGSTOP = 19, SIGTSTP = 20, SIGTTIN = 21, SIGTTOU = 22, SIGURG = 23, SIGVTALRM = 26, SIGPROF = 27,
       SIGWINCH = 28, SIGNALS = 64 };
#define SIGNAL_BIT(signal) (1UL << ((signal) - 1))

struct information { // what Linux's siginfo says, as far as we use it
    i32 signal, error, code, unused;
    union {
        struct { i32 pid; u32 user; u64 value; } sender;
        struct { i32 pid; u32 user; i32 status, unused; i64 user_time, system_time; } child;
        u64 address;
        u8 room[112];
    };
};

struct queued {
    struct queued *next;
    struct information information;
};
struct pending {
    u64 set;
    struct queued *queue;
};

struct action {
    u64 handler, flags, mask;
};
struct actions {
    u32 refs;
    struct action of[SIGNALS];
};

struct files {
    u32 refs, size;
    struct file **table;
    u64 close_on_exec[8];
};
#define FILES_MAX 512

// Where the instructions that end a signal handler are mapped.
#define TRAMPOLINE (USER_END - 2 * PAGE)

struct place { // the working folder
    u32 refs, mask;
    struct entry *folder;
};

struct process {
    i32 pid, group, session;
    struct process *parent, *next;
    u32 tasks;
    struct space *space;
    struct files *files;
    struct place *place;
    struct actions *actions;
    struct pending pending;
    bool exiting, zombie;
    struct task *survivor; // an exec ends all tasks but this one
    i32 end_signal;    // what the parent gets when it ends
    u32 status;        // as wait4 gives it
    u64 alarm, alarm_interval; // ITIMER_REAL, in ticks
    u64 used_alarm[2], used_interval[2]; // ITIMER_VIRTUAL and ITIMER_PROF: of the time that it has used
    u64 user_time, system_time, children_user_time, children_system_time;
    struct entry *program;
    char name[16];
    bool executed;     // since the fork: for vfork
};

enum state { RUNNABLE, SLEEPING, DEAD };
struct task {
    struct registers *registers; // at the top of its kernel stack
    struct context context;
    struct floats floats;
    struct process *process;
    struct task *next, *next_runnable;
    i32 tid;
    u32 stack;         // its number
    enum state state;
    const void *channel; // what it waits for
    u64 deadline;      // until when; 0: for ever
    i64 woken;         // why it runs again
    u64 mask, saved_mask;
    bool restore_mask, restarts;
    struct pending pending;
    u64 signal_stack, signal_stack_size;
    u64 clear_tid, robust_list;
    u64 since;         // when it last came into or left the kernel
    u32 futex_bits;
    u64 futex_key[2];
};

// Whether a task must not go on in user mode: the process ends, or another of its tasks starts a program.
static inline bool must_end(const struct task *task)
{
    const struct process *process = task->process;

    return process->exiting || (process->survivor != NULL && process->survivor != task);
}

extern struct task *current, *tasks;
extern struct process *processes;

// schedule.c
void schedule_start(void);
void schedule(void);
void yield(void);
void make_runnable(struct task *task);
i64 sleep_on(const void *channel, u64 deadline); // 0, -EINTR, -ETIMEDOUT
void wake(const void *channel);
void interrupt_sleep(struct task *task);
void timer_interrupt(void);
void timer_set(u64 deadline);
void external_interrupt(void);
extern const u8 poll_channel; // woken whenever something may have become readable or writable
void wake_polls(void);

// timers.c
u64 timers_run(u64 now);
void timers_drop(struct process *process);
void used_alarms(struct process *process);
extern bool signal_files; // signalfd.c

// task.c
void first_process(void);
struct task *task_find(i32 tid);
struct process *process_find(i32 pid);
struct task *task_new(struct process *process);
struct process *process_new(void);
void process_free(struct process *process);
void process_give_up(struct process *process);
i64 task_clone(u64 flags, u64 stack, u64 parent_tid, u64 tls, u64 child_tid);
void task_exit(void) __attribute__((noreturn));
void process_exit(u32 status);
void task_free(struct task *task);
void save_task_floats(struct task *task);
void restore_task_floats(struct task *task);
void switch_context(struct context *from, struct context *to);

// exec.c
i64 execute(struct file *file, const char *path, u64 arguments, u64 environment);

// signal.c
void signal_task(struct task *task, const struct information *information);
void signal_process(struct process *process, const struct information *information);
void signal_fault(u32 signal, i32 code, u64 address, const char *reason);
bool signal_pending(const struct task *task);
void signals_deliver(struct registers *registers);
void pending_clear(struct pending *pending);
enum { SI_TIMER = -2 };
bool timer_signal_waits(const struct pending *pending, i32 signal, i32 timer);
void kill_current(u32 signal, const char *reason, u64 address);
i64 signal_return(void);

// descriptors.c
struct file *file_of(i64 descriptor);
i64 descriptor_new(struct file *file, i64 from, bool close_on_exec);
struct files *files_new(void);
struct files *files_copy(struct files *from);
void files_drop(struct files *files, struct process *owner);
void files_close_on_exec(struct files *files);
i64 lock_control(struct file *file, u64 command, u64 argument);

// futex.c
i64 futex_wake(u64 address, u32 count, u32 bits, bool private);
void robust_list_end(struct task *task);
void futex_wake_exit(struct task *task);

void system_call(struct registers *registers);
