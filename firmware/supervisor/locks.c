// Advisory locks on ranges of files, as databases use them (fcntl), and on whole files (flock).

#include "sys.h"
#include "task.h"

enum { READ_LOCK = 0, WRITE_LOCK = 1, UNLOCK = 2 };
enum { F_GETLK = 5, F_SETLK = 6, F_SETLKW = 7, F_GETLK_OFD = 36, OFD = 31 };

struct file_lock {
    struct file_lock *next;
    const void *owner;   // a process, or an open file
    i32 pid;
    u16 kind;
    u64 start, end;      // to before `end`
};
struct request { // Linux's struct flock
    i16 kind, whence;
    i64 start, length;
    i32 pid, unused;
};

static struct file_lock *conflict(struct inode *inode, const void *owner, u16 kind, u64 start, u64 end)
{
    struct file_lock *lock;

    for (lock = inode->locks; lock != NULL; lock = lock->next)
        if (lock->owner != owner && lock->start < end && start < lock->end
            && (kind == WRITE_LOCK || lock->kind == WRITE_LOCK))
            break;
    return lock;
}

static i64 add(struct inode *inode, const void *owner, u16 kind, u64 start, u64 end)
{
    struct file_lock *lock = allocate(sizeof(*lock));

    if (lock == NULL)
        return -ENOLCK;
    *lock = (struct file_lock) { inode->locks, owner, current->process->pid, kind, start, end };
    inode->locks = lock;
    return 0;
}

// Takes the owner's locks off a range; what lies outside of it stays.
static i64 clear(struct inode *inode, const void *owner, u64 start, u64 end)
{
    struct file_lock **link = &inode->locks, *lock;
    i64 error = 0;

    while ((lock = *link) != NULL) {
        if (lock->owner != owner || lock->end <= start || end <= lock->start) {
            link = &lock->next;
            continue;
        }
        if (lock->end > end && lock->start < start)
            error = add(inode, owner, lock->kind, end, lock->end);
        if (lock->start < start) {
            lock->end = start;
            link = &lock->next;
        } else if (lock->end > end) {
            lock->start = end;
            link = &lock->next;
        } else {
            for (link = &inode->locks; *link != lock; link = &(*link)->next)
                ;
            *link = lock->next;
            release(lock);
        }
    }
    wake(&inode->locks);
    return error;
}

void locks_drop(struct inode *inode, const void *owner)
{
    if (inode->locks != NULL)
        clear(inode, owner, 0, ~0UL);
}

static i64 set_waiting(struct inode *inode, const void *owner, u16 kind, u64 start, u64 end, bool wait)
{
    i64 error;

    while (kind != UNLOCK && conflict(inode, owner, kind, start, end) != NULL) {
        if (!wait)
            return -EAGAIN;
        if (sleep_on(&inode->locks, 0) != 0)
            return -ERESTART;
    }
    error = clear(inode, owner, start, end);
    if (error == 0 && kind != UNLOCK)
        error = add(inode, owner, kind, start, end);
    return error;
}

// Another thread may close the file meanwhile: it is kept for the time of the call.
static i64 set(struct file *file, const void *owner, u16 kind, u64 start, u64 end, bool wait)
{
    i64 result;

    file_keep(file);
    result = set_waiting(file->inode, owner, kind, start, end, wait);
    file_drop(file);
    return result;
}

i64 lock_control(struct file *file, u64 command, u64 argument)
{
    bool of_file = command >= F_GETLK_OFD;
    const void *owner = of_file ? (const void *)file : current->process;
    struct request request;
    struct file_lock *other;
    u64 start, end;

    if (file->inode == NULL)
        return -EBADF;
    if (copy_in(&request, argument, sizeof(request)) != 0)
        return -EFAULT;
    if (request.kind < 0 || request.kind > UNLOCK || request.whence < 0 || request.whence > 2)
        return -EINVAL;
    start = request.start + (request.whence == 1 ? file->position : request.whence == 2 ? file->inode->size : 0);
    if (request.length < 0) {
        start += request.length;
        request.length = -request.length;
    }
    if ((i64)start < 0)
        return -EINVAL;
    end = request.length == 0 ? ~0UL - 1 : start + request.length;
    if (of_file)
        command -= OFD;
    if (command != F_GETLK)
        return set(file, owner, request.kind, start, end, command == F_SETLKW);
    other = conflict(file->inode, owner, request.kind, start, end);
    request.kind = UNLOCK;
    if (other != NULL)
        request = (struct request) { other->kind, 0, other->start,
                                     other->end == ~0UL - 1 ? 0 : (i64)(other->end - other->start), other->pid, 0 };
    return copy_out(argument, &request, sizeof(request));
}

i64 sys_flock(u64 descriptor, u64 operation)
{
    struct file *file = file_of((i32)descriptor);
    u16 kind = (operation & 1) != 0 ? READ_LOCK : (operation & 2) != 0 ? WRITE_LOCK : UNLOCK;

    if (file == NULL)
        return -EBADF;
    if (file->inode == NULL || (operation & ~15UL) != 0 || (operation & 11) == 0)
        return -EINVAL;
    // flock's locks do not meet those of fcntl: they have a range of their own.
    return set(file, file, kind, ~0UL - 1, ~0UL, (operation & 4) == 0);
}
