// Futexes: a task sleeps while a word of its memory has a value, until another says that it changed.
// The word is known by its place in a shared file, or by its address in an address space, so that
// processes which share memory meet.

#include "clock.h"
#include "csr.h"
#include "sys.h"
#include "task.h"

enum { WAIT = 0, WAKE = 1, REQUEUE = 3, COMPARE_REQUEUE = 4, WAKE_OPERATION = 5, WAIT_BITS = 9, WAKE_BITS = 10,
       PRIVATE = 128, REAL_TIME = 256 };

static void find_key(u64 address, u64 key[2])
{
    struct area *area = find_area(current->process->space, address);

    if (area != NULL && (area->flags & AREA_SHARED) != 0 && area->file != NULL) {
        key[0] = (u64)area->file->inode;
        key[1] = area->offset * PAGE + (address - area->start);
    } else {
        key[0] = (u64)current->process->space;
        key[1] = address;
    }
}

static bool waits(const struct task *task, const u64 key[2])
{
    return task->state == SLEEPING && task->channel == &task->futex_key
        && task->futex_key[0] == key[0] && task->futex_key[1] == key[1];
}

static i64 wake_key(const u64 key[2], u32 count, u32 bits)
{
    i64 woken = 0;

    // The list has the newest task first; who waits longest should go first.
    while (woken < count) {
        struct task *oldest = NULL;
        for (struct task *task = tasks; task != NULL; task = task->next)
            if (waits(task, key) && (task->futex_bits & bits) != 0
                && (oldest == NULL || task->since <= oldest->since))
                oldest = task;
        if (oldest == NULL)
            break;
        wake(&oldest->futex_key);
        woken++;
    }
    return woken;
}

i64 futex_wake(u64 address, u32 count, u32 bits, bool private)
{
    u64 key[2];

    (void)private;
    find_key(address, key);
    return wake_key(key, count, bits);
}

static i64 futex_wait(u64 address, u32 expected, u32 bits, u64 deadline)
{
    u32 value;
    i64 error;

    if (bits == 0)
        return -EINVAL;
    if (load32_in(address, &value) != 0)
        return -EFAULT;
    if (value != expected)
        return -EAGAIN;
    find_key(address, current->futex_key);
    current->futex_bits = bits;
    current->since = time_now();
    error = sleep_on(&current->futex_key, deadline);
    return error == -EINTR && deadline == 0 ? -ERESTART : error;
}

// Wakes some, and lets others wait for another word; how many of both.
static i64 requeue(u64 address, u32 count, u32 most, u64 to)
{
    u64 key[2], new_key[2];
    i64 done;
    u32 value;

    if (to % sizeof(u32) != 0 || (i32)count < 0 || (i32)most < 0)
        return -EINVAL;
    if (load32_in(address, &value) != 0 || load32_in(to, &value) != 0)
        return -EFAULT;
    find_key(address, key);
    find_key(to, new_key);
    done = wake_key(key, count, ~0u);
    for (struct task *task = tasks; task != NULL && most != 0; task = task->next)
        if (waits(task, key)) {
            task->futex_key[0] = new_key[0];
            task->futex_key[1] = new_key[1];
            most--;
            done++;
        }
    return done;
}

// FUTEX_WAKE_OP: changes a second word, wakes waiters of the first, and perhaps of the second.
static i64 wake_operation(u64 address, u32 count, u64 second, u32 second_count, u32 operation)
{
    u32 argument = operation >> 12 & 0xfff, compared = operation & 0xfff, old, seen, new;
    i64 woken;
    bool also;

    if (second % sizeof(u32) != 0)
        return -EINVAL;
    if ((operation >> 28 & 8) != 0)
        argument = 1u << (argument & 31);
    if (load32_in(second, &old) != 0)
        return -EFAULT;
    for (;;) {
        switch (operation >> 28 & 7) {
        case 0: new = argument; break;
        case 1: new = old + argument; break;
        case 2: new = old | argument; break;
        case 3: new = old & ~argument; break;
        case 4: new = old ^ argument; break;
        default: return -ENOSYS;
        }
        if (compare_swap_in(second, old, new, &seen) != 0)
            return -EFAULT;
        if (seen == old)
            break;
        old = seen;
    }
    switch (operation >> 24 & 15) {
    case 0: also = old == compared; break;
    case 1: also = old != compared; break;
    case 2: also = (i32)old < (i32)compared; break;
    case 3: also = (i32)old <= (i32)compared; break;
    case 4: also = (i32)old > (i32)compared; break;
    case 5: also = (i32)old >= (i32)compared; break;
    default: return -ENOSYS;
    }
    woken = futex_wake(address, count, ~0u, false);
    return also ? woken + futex_wake(second, second_count, ~0u, false) : woken;
}

i64 sys_futex(u64 address, u64 operation, u64 value, u64 timeout, u64 second, u64 third)
{
    u64 deadline = 0;
    u32 found;
    i64 error;

    if (address % 4 != 0 || !user_range(address, 4))
        return address % 4 != 0 ? -EINVAL : -EFAULT;
    switch (operation & ~(u64)(PRIVATE | REAL_TIME)) {
    case WAIT:
        error = deadline_in(timeout, false, &deadline);
        return error != 0 ? error : futex_wait(address, value, ~0u, deadline);
    case WAIT_BITS:
        error = deadline_of_clock(timeout, (operation & REAL_TIME) != 0 ? 0 : 1, true, &deadline);
        return error != 0 ? error : futex_wait(address, value, third, deadline);
    case WAKE:
        return futex_wake(address, value, ~0u, false);
    case WAKE_BITS:
        return third == 0 ? -EINVAL : futex_wake(address, value, third, false);
    case REQUEUE:
        return requeue(address, value, timeout, second);
    case COMPARE_REQUEUE:
        if (second % sizeof(u32) != 0)
            return -EINVAL;
        if (load32_in(address, &found) != 0)
            return -EFAULT;
        return found != (u32)third ? -EAGAIN : requeue(address, value, timeout, second);
    case WAKE_OPERATION:
        return wake_operation(address, value, second, timeout, third);
    default:
        return -ENOSYS;
    }
}

// A task ends: whoever waits for that is told.
void futex_wake_exit(struct task *task)
{
    u32 zero = 0;

    if (task->clear_tid != 0 && copy_out(task->clear_tid, &zero, 4) == 0)
        futex_wake(task->clear_tid, 1, ~0u, false);
    task->clear_tid = 0;
}

enum { OWNER_DIED = 0x40000000, HAS_WAITERS = 0x80000000u, OWNER = 0x3fffffff, ROBUST_MAX = 2048 };

static void owner_died(struct task *task, u64 address)
{
    u32 value, seen;

    if (address % 4 != 0 || load32_in(address, &value) != 0)
        return;
    while ((value & OWNER) == (u32)task->tid) {
        if (compare_swap_in(address, value, (value & HAS_WAITERS) | OWNER_DIED, &seen) != 0)
            return;
        if (seen == value) {
            if ((value & HAS_WAITERS) != 0)
                futex_wake(address, 1, ~0u, false);
            return;
        }
        value = seen;
    }
}

// Locks that the task still has are marked, by the list that it has told us of.
void robust_list_end(struct task *task)
{
    struct { u64 next; i64 offset; u64 pending; } head;
    u64 at;

    if (task->robust_list == 0 || copy_in(&head, task->robust_list, sizeof(head)) != 0)
        return;
    at = head.next;
    for (int i = 0; i < ROBUST_MAX && (at & ~1UL) != task->robust_list; i++) {
        u64 next;
        if (copy_in(&next, at & ~1UL, 8) != 0)
            break;
        if (at != head.pending)
            owner_died(task, (at & ~1UL) + head.offset);
        at = next;
    }
    if (head.pending != 0)
        owner_died(task, (head.pending & ~1UL) + head.offset);
}
