// A lock.  Who waits for it answers other harts meanwhile: the one who holds it may be waiting for us.

#include "firmware.h"

void lock_take(struct lock *lock)
{
    while (__atomic_exchange_n(&lock->taken, 1, __ATOMIC_ACQUIRE) != 0) {
        event_poll();
        pause();
    }
}

void lock_release(struct lock *lock)
{
    __atomic_store_n(&lock->taken, 0, __ATOMIC_RELEASE);
}
