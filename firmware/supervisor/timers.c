// Timers: those of timer_create, which send a signal, and timerfd's, which can be read.  All stand in one
// list; the timer interrupt looks at it (schedule.c).

#include "clock.h"
#include "csr.h"
#include "sys.h"
#include "task.h"

struct timer {
    struct timer *next;
    struct process *process;  // whose it is; NULL: a file's
    struct file *file;
    i32 id, tid;              // tid: of the task that gets the signal; 0: any of the process
    u64 clock, deadline, interval; // the last two in ticks; 0: none
    u64 expired, overrun;     // how often since it was last told, and how often more than once at that time
    u32 signal;               // 0: none
    u64 value;
};
struct setting { struct timestamp interval, value; }; // Linux's itimerspec
struct event { u64 value; i32 signal, notify, tid, room[11]; }; // Linux's sigevent

enum { ABSOLUTE = 1, NOTIFY_SIGNAL = 0, NOTIFY_NONE = 1, NOTIFY_TASK = 4, TIMERS_MAX = 64 };
#define SHORTEST 100000 // nanoseconds from one signal to the next: the program is to run in between

static struct timer *timers;

static struct timer *timer_new(struct process *process, struct file *file, u64 clock)
{
    struct timer *timer = allocate(sizeof(*timer));

    if (timer == NULL)
        return NULL;
    *timer = (struct timer) { .next = timers, .process = process, .file = file, .clock = clock };
    return timers = timer;
}

static void timer_free(struct timer *timer)
{
    struct timer **link = &timers;

    while (*link != timer)
        link = &(*link)->next;
    *link = timer->next;
    release(timer);
}

void timers_drop(struct process *process)
{
    for (struct timer *timer = timers, *next; timer != NULL; timer = next) {
        next = timer->next;
        if (timer->process == process)
            timer_free(timer);
    }
}

static void send(struct timer *timer)
{
    struct information information = { .signal = timer->signal, .code = SI_TIMER };
    struct task *task = timer->tid == 0 ? NULL : task_find(timer->tid);

    if (timer_signal_waits(task != NULL ? &task->pending : &timer->process->pending, timer->signal, timer->id))
        return;
    information.sender.pid = timer->id;
    information.sender.user = timer->overrun = timer->expired - 1;
    information.sender.value = timer->value;
    timer->expired = 0;
    if (task != NULL)
        signal_task(task, &information);
    else
        signal_process(timer->process, &information);
}

static void ring(struct timer *timer)
{
    if (timer->file != NULL) {
        wake(timer->file);
        wake_polls();
    } else if (timer->signal != 0) {
        send(timer);
    }
}

// Lets those ring whose time has come; when the next one does.
u64 timers_run(u64 now)
{
    u64 earliest = ~0UL;

    for (struct timer *timer = timers; timer != NULL; timer = timer->next) {
        if (timer->deadline != 0 && timer->deadline <= now) {
            u64 times = timer->interval == 0 ? 1 : 1 + (now - timer->deadline) / timer->interval;
            timer->deadline = timer->interval == 0 ? 0 : timer->deadline + times * timer->interval;
            timer->expired += times;
            ring(timer);
        }
        if (timer->deadline != 0)
            earliest = MIN(earliest, timer->deadline);
    }
    return earliest;
}

static struct timestamp stamp(u64 ticks)
{
    u64 nanoseconds = ticks_nanoseconds(ticks);

    return (struct timestamp) { nanoseconds / 1000000000, nanoseconds % 1000000000 };
}

static i64 setting_out(const struct timer *timer, u64 to)
{
    u64 now = time_now(), left = timer->deadline == 0 ? 0 : timer->deadline > now ? timer->deadline - now : 1;
    struct setting setting = { stamp(timer->interval), stamp(left) };

    return to == 0 ? 0 : copy_out(to, &setting, sizeof(setting));
}

static i64 set(struct timer *timer, u64 flags, u64 from, u64 old)
{
    struct setting setting;
    u64 deadline;
    i64 error;

    if (copy_in(&setting, from, sizeof(setting)) != 0)
        return -EFAULT;
    if (setting.interval.seconds < 0 || (u64)setting.interval.nanoseconds > 999999999)
        return -EINVAL;
    error = deadline_of_clock(from + sizeof(struct timestamp), timer->clock, flags & ABSOLUTE, &deadline);
    if (error == 0)
        error = setting_out(timer, old);
    if (error != 0)
        return error;
    timer->interval = MIN(setting.interval.seconds, 1L << 33) * 1000000000UL + setting.interval.nanoseconds;
    if (timer->interval != 0)
        timer->interval = clock_ticks(MAX(timer->interval, (u64)SHORTEST));
    timer->deadline = setting.value.seconds == 0 && setting.value.nanoseconds == 0 ? 0 : deadline;
    timer->expired = 0;
    if (timer->deadline != 0)
        timer_set(timer->deadline);
    return 0;
}

// A timer of this process by its number.
static struct timer *timer_of(u64 id)
{
    struct timer *timer = timers;

    while (timer != NULL && (timer->process != current->process || timer->id != (i32)id))
        timer = timer->next;
    return timer;
}

static i32 free_id(void)
{
    i32 id = 0;

    while (id < TIMERS_MAX && timer_of(id) != NULL)
        id++;
    return id;
}

i64 sys_timer_create(u64 clock, u64 event_at, u64 id_at)
{
    i32 id = free_id();
    struct event event = { .signal = SIGALRM, .notify = NOTIFY_SIGNAL, .value = id };
    struct timer *timer;

    if (clock > 11 || clock == 2 || clock == 3) // those count processor time
        return -EINVAL;
    if (event_at != 0 && copy_in(&event, event_at, sizeof(event)) != 0)
        return -EFAULT;
    if ((event.notify != NOTIFY_SIGNAL && event.notify != NOTIFY_NONE && event.notify != NOTIFY_TASK)
        || (event.notify != NOTIFY_NONE && (event.signal < 1 || event.signal > SIGNALS)))
        return -EINVAL;
    if (event.notify == NOTIFY_TASK) {
        struct task *task = task_find(event.tid);
        if (task == NULL || task->process != current->process)
            return -EINVAL;
    }
    if (id == TIMERS_MAX)
        return -EAGAIN;
    if (copy_out(id_at, &id, sizeof(id)) != 0)
        return -EFAULT;
    timer = timer_new(current->process, NULL, clock);
    if (timer == NULL)
        return -EAGAIN;
    timer->id = id;
    timer->tid = event.notify == NOTIFY_TASK ? event.tid : 0;
    timer->signal = event.notify == NOTIFY_NONE ? 0 : event.signal;
    timer->value = event.value;
    return 0;
}

i64 sys_timer_settime(u64 id, u64 flags, u64 from, u64 old)
{
    struct timer *timer = timer_of(id);

    return timer == NULL || from == 0 ? -EINVAL : set(timer, flags, from, old);
}

i64 sys_timer_gettime(u64 id, u64 to)
{
    struct timer *timer = timer_of(id);

    return timer == NULL ? -EINVAL : to == 0 ? -EFAULT : setting_out(timer, to);
}

i64 sys_timer_getoverrun(u64 id)
{
    struct timer *timer = timer_of(id);

    return timer == NULL ? -EINVAL : (i64)MIN(timer->overrun, 0x7fffffffUL);
}

i64 sys_timer_delete(u64 id)
{
    struct timer *timer = timer_of(id);

    if (timer == NULL)
        return -EINVAL;
    timer_free(timer);
    return 0;
}

// timerfd: a read gives how often the time has come, and waits for the first.
static i64 read(struct file *file, u64 to, u64 size, u64 *position)
{
    struct timer *timer = file->data;

    (void)position;
    if (size < 8)
        return -EINVAL;
    timers_run(time_now());
    while (timer->expired == 0) {
        if ((file->flags & O_NONBLOCK) != 0)
            return -EAGAIN;
        if (sleep_on(file, 0) != 0)
            return -ERESTART;
    }
    if (copy_out(to, &timer->expired, 8) != 0)
        return -EFAULT;
    timer->expired = 0;
    return 8;
}

static u32 poll(struct file *file)
{
    struct timer *timer = file->data;

    return timer->expired != 0 ? POLLIN : 0;
}

static void close(struct file *file)
{
    timer_free(file->data);
}

static const struct file_operations operations = { .read = read, .poll = poll, .close = close };

i64 sys_timerfd_create(u64 clock, u64 flags)
{
    struct file *file;

    if ((clock > 1 && clock != 7 && clock != 8 && clock != 9) || (flags & ~(u64)(O_CLOEXEC | O_NONBLOCK)) != 0)
        return -EINVAL;
    file = file_new(&operations, flags & O_NONBLOCK);
    if (file == NULL)
        return -ENOMEM;
    file->data = timer_new(NULL, file, clock);
    if (file->data == NULL) {
        release(file);
        return -ENOMEM;
    }
    return descriptor_new(file, 0, (flags & O_CLOEXEC) != 0);
}

static i64 timer_file(u64 descriptor, struct timer **timer)
{
    struct file *file = file_of((i32)descriptor);

    if (file == NULL)
        return -EBADF;
    if (file->operations != &operations)
        return -EINVAL;
    *timer = file->data;
    return 0;
}

i64 sys_timerfd_settime(u64 descriptor, u64 flags, u64 from, u64 old)
{
    struct timer *timer;
    i64 error = (flags & ~3UL) != 0 ? -EINVAL : timer_file(descriptor, &timer);

    return error != 0 ? error : set(timer, flags, from, old);
}

i64 sys_timerfd_gettime(u64 descriptor, u64 to)
{
    struct timer *timer;
    i64 error = timer_file(descriptor, &timer);

    return error != 0 ? error : to == 0 ? -EFAULT : setting_out(timer, to);
}
