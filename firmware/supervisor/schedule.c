// Who runs.  Tasks that can run stand in a queue and take turns of ten milliseconds; the others sleep
// on a channel, which is any address that sleeper and waker have agreed on.  The kernel itself is
// never interrupted, so nothing changes between a look at something and going to sleep.

#include "clock.h"
#include "csr.h"
#include "p9.h"
#include "task.h"
#include "../sbi/mmio.h"

struct task *current, *tasks;
const u8 poll_channel;
static struct task *first, *last, *dead;
static u64 earliest = ~0UL, turn_end;
void terminal_poll(void);

enum { PLIC_ENABLE = 0x2000, PLIC_CONTEXT = 0x200000 };

static void plic_start(void)
{
    u64 plic = platform.plic + DIRECT, context = platform.plic_context;

    if (platform.plic == 0)
        return;
    mmio_write32(plic + PLIC_CONTEXT + 0x1000 * context, 0); // threshold
    for (u32 i = 0; i <= platform.virtio_count; i++) {
        u32 number = i < platform.virtio_count ? platform.virtio_interrupt[i] : platform.uart_interrupt;
        u64 enable = plic + PLIC_ENABLE + 0x80 * context + number / 32 * 4;
        mmio_write32(plic + 4 * number, 1);
        mmio_write32(enable, mmio_read32(enable) | 1u << number % 32);
    }
}

void schedule_start(void)
{
    plic_start();
    console_start();
    timer_set(~0UL);
    csr_set(sie, BIT(INTERRUPT_TIMER) | BIT(INTERRUPT_EXTERNAL));
}

void external_interrupt(void)
{
    u64 claim = platform.plic + DIRECT + PLIC_CONTEXT + 0x1000 * platform.plic_context + 4;
    u32 number = mmio_read32(claim);

    p9_poll();
    terminal_poll();
    if (number != 0)
        mmio_write32(claim, number);
}

static void write_timer(u64 at)
{
    if (platform.has_sstc) {
        csr_write(STIMECMP, at);
    } else {
        register u64 a0 asm("a0") = at;
        register u64 a6 asm("a6") = 0;
        register u64 a7 asm("a7") = 0x54494d45; // TIME
        asm volatile("ecall" : "+r"(a0) : "r"(a6), "r"(a7) : "a1", "memory");
    }
}

// There shall be a timer interrupt at `deadline` or earlier.
void timer_set(u64 deadline)
{
    earliest = MIN(earliest, deadline);
    write_timer(MIN(earliest, turn_end == 0 ? ~0UL : turn_end));
}

void make_runnable(struct task *task)
{
    task->state = RUNNABLE;
    task->next_runnable = NULL;
    if (first == NULL)
        first = task;
    else
        last->next_runnable = task;
    last = task;
}

static void wake_task(struct task *task, i64 why)
{
    task->woken = why;
    task->channel = NULL;
    task->deadline = 0;
    make_runnable(task);
}

void wake(const void *channel)
{
    for (struct task *task = tasks; task != NULL; task = task->next)
        if (task->state == SLEEPING && task->channel == channel)
            wake_task(task, 0);
}

void wake_polls(void)
{
    wake(&poll_channel);
}

void interrupt_sleep(struct task *task)
{
    if (task->state == SLEEPING)
        wake_task(task, -EINTR);
}

// Those that count the time a process uses: only the whole of it is known, at each trap.
void used_alarms(struct process *process)
{
    u64 used[2] = { process->user_time, process->user_time + process->system_time };

    for (int i = 0; i < 2; i++) {
        struct information information = { .signal = i == 0 ? SIGVTALRM : SIGPROF, .code = 0x80 };
        if (process->used_alarm[i] == 0 || used[i] < process->used_alarm[i])
            continue;
        process->used_alarm[i] = process->used_interval[i] == 0 ? 0 : used[i] + process->used_interval[i];
        signal_process(process, &information);
    }
}

// Nanoseconds from one alarm to the next: the program is to run in between.
#define SHORTEST_ALARM 100000

static void alarm_rings(struct process *process, u64 now)
{
    struct information information = { .signal = SIGALRM, .code = 0x80 };

    process->alarm = process->alarm_interval == 0 ? 0 : now + MAX(process->alarm_interval, clock_ticks(SHORTEST_ALARM));
    signal_process(process, &information);
}

// Wakes whoever has waited long enough.
static void run_timers(void)
{
    u64 now = time_now();

    if (now < earliest)
        return;
    earliest = timers_run(now);
    for (struct task *task = tasks; task != NULL; task = task->next) {
        if (task->state != SLEEPING || task->deadline == 0)
            continue;
        if (task->deadline <= now)
            wake_task(task, -ETIMEDOUT);
        else
            earliest = MIN(earliest, task->deadline);
    }
    for (struct process *process = processes; process != NULL; process = process->next) {
        if (process->alarm != 0 && process->alarm <= now)
            alarm_rings(process, now);
        if (process->alarm != 0)
            earliest = MIN(earliest, process->alarm);
    }
}

static void begin_turn(void)
{
    turn_end = time_now() + platform.timebase / 100;
    timer_set(~0UL);
}

void timer_interrupt(void)
{
    run_timers();
    if (time_now() >= turn_end) {
        if (first != NULL) {
            yield();
            return;
        }
        begin_turn();
        return;
    }
    timer_set(~0UL);
}

// Nobody can run: wait for a timer or a device.
static void idle(void)
{
    turn_end = 0;
    while (first == NULL) {
        timer_set(~0UL);
        wait_for_interrupt();
        if ((csr_read(sip) & BIT(INTERRUPT_EXTERNAL)) != 0)
            external_interrupt();
        run_timers();
    }
}

// After a switch: we are `current` again, or for the first time.
static void arrive(void)
{
    if (dead != NULL) {
        task_free(dead);
        dead = NULL;
    }
    space_switch(current->process->space);
    restore_task_floats(current);
    begin_turn();
    current->since = time_now();
}

// Lets another task run.  Comes back when this one is to run again.
void schedule(void)
{
    struct task *from = current, *to;

    if (first == NULL)
        idle();
    to = first;
    first = to->next_runnable;
    if (to == from) {
        current->since = time_now();
        begin_turn();
        return;
    }
    if (from->state == DEAD)
        dead = from;
    else
        save_task_floats(from);
    current = to;
    switch_context(&from->context, &to->context);
    arrive();
}

// A new task may be at its end before it begins.
void task_begins(void)
{
    arrive();
    if (must_end(current))
        task_exit();
}

void yield(void)
{
    make_runnable(current);
    schedule();
}

i64 sleep_on(const void *channel, u64 deadline)
{
    if (signal_pending(current))
        return -EINTR;
    if (deadline != 0 && deadline <= time_now())
        return -ETIMEDOUT;
    current->state = SLEEPING;
    current->channel = channel;
    current->deadline = deadline;
    if (deadline != 0)
        timer_set(deadline);
    schedule();
    return current->woken;
}
