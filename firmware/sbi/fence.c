// Remote fences.  One request at a time: its owner holds the lock, asks the other harts with an event
// and waits until each has cleared its bit in `waiting_for`.  So when the call returns, the fences
// are done.

#include "firmware.h"

enum { PAGE = 4096 };
// From here on, fencing everything is cheaper than page by page.
#define MANY_PAGES 64

static struct lock request_lock;
static struct fence request;
static u32 waiting_for; // a bit for each hart that has not yet answered

void fence_all_here(void)
{
    asm volatile("fence.i\n sfence.vma" : : : "memory");
}

static void fence_addresses(const struct fence *fence)
{
    bool with_asid = fence->kind == FENCE_VMA_ASID;
    u64 first = fence->start & -(u64)PAGE;
    u64 last = fence->start + fence->size - 1;
    u64 pages = (last - first) / PAGE + 1;

    // The whole address space: `start` and `size` are 0, or `size` is all ones.
    if ((fence->start == 0 && fence->size == 0) || fence->size == ~0UL || (fence->size != 0 && pages > MANY_PAGES)) {
        if (with_asid)
            asm volatile("sfence.vma zero, %0" : : "r"(fence->asid) : "memory");
        else
            asm volatile("sfence.vma" : : : "memory");
        return;
    }
    if (fence->size == 0)
        return;
    for (u64 page = first; pages != 0; page += PAGE, pages--) {
        if (with_asid)
            asm volatile("sfence.vma %0, %1" : : "r"(page), "r"(fence->asid) : "memory");
        else
            asm volatile("sfence.vma %0" : : "r"(page) : "memory");
    }
}

static void fence_here(const struct fence *fence)
{
    if (fence->kind == FENCE_I)
        asm volatile("fence.i" : : : "memory");
    else
        fence_addresses(fence);
}

// On the hart that is asked.
void fence_answer(void)
{
    u32 us = 1u << hart_id();

    if ((__atomic_load_n(&waiting_for, __ATOMIC_SEQ_CST) & us) == 0)
        return;
    fence_here(&request);
    pmu_count(request.kind == FENCE_I ? PMU_FENCE_I_RECEIVED
              : request.kind == FENCE_VMA ? PMU_SFENCE_VMA_RECEIVED : PMU_SFENCE_VMA_ASID_RECEIVED);
    __atomic_fetch_and(&waiting_for, ~us, __ATOMIC_SEQ_CST);
}

// Does the fence on each hart of the set.
void fence_on(u32 hart_set, const struct fence *fence)
{
    u32 us = 1u << hart_id();
    u32 others = hart_set & ~us;

    if (others != 0) {
        lock_take(&request_lock);
        request = *fence;
        __atomic_store_n(&waiting_for, others, __ATOMIC_SEQ_CST);
        for (u64 hart = 0; hart < MAX_HARTS; hart++) {
            if ((others >> hart & 1) == 0)
                continue;
            event_send(hart, EVENT_FENCE);
            pmu_count(fence->kind == FENCE_I ? PMU_FENCE_I_SENT
                      : fence->kind == FENCE_VMA ? PMU_SFENCE_VMA_SENT : PMU_SFENCE_VMA_ASID_SENT);
        }
    }
    if (hart_set & us)
        fence_here(fence);
    if (others != 0) {
        while (__atomic_load_n(&waiting_for, __ATOMIC_SEQ_CST) != 0) {
            event_poll();
            pause();
        }
        lock_release(&request_lock);
    }
}
