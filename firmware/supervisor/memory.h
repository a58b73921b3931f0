// Frames, page tables, address spaces, the page cache, swap.
#pragma once

#include "kernel.h"

// Page-table entries (privileged manual, "Sv39").
#define PTE_V BIT(0)
#define PTE_R BIT(1)
#define PTE_W BIT(2)
#define PTE_X BIT(3)
#define PTE_U BIT(4)
#define PTE_G BIT(5)
#define PTE_A BIT(6)
#define PTE_D BIT(7)
// An entry that is not valid and has this software bit: the page is on the swap disk, and the
// place for the frame's number has that of the slot.
#define PTE_SWAPPED BIT(8)
// One that is not valid because the process has taken all rights away; the page is there.
#define PTE_HIDDEN BIT(9)
#define PTE_FRAME_SHIFT 10

static inline u64 leaf(u64 physical, u64 rights)
{
    return physical >> 12 << PTE_FRAME_SHIFT | rights | PTE_V;
}
static inline u64 entry_physical(u64 entry)
{
    return entry >> PTE_FRAME_SHIFT << 12 & 0xfffffffffff000;
}
static inline bool is_leaf(u64 entry)
{
    return (entry & (PTE_R | PTE_W | PTE_X)) != 0;
}

static inline bool is_present(u64 entry)
{
    return (entry & (PTE_V | PTE_HIDDEN)) != 0;
}

// What a frame is used for.
enum frame_kind { FRAME_FREE, FRAME_KERNEL, FRAME_TABLE, FRAME_USER, FRAME_CACHE, FRAME_LARGE };
enum frame_flags { FRAME_DIRTY = 1, FRAME_RECENT = 2, FRAME_PINNED = 4 };

struct inode;
struct frame {
    u32 refs;      // entries that map it, and one for the page cache
    u32 slot;      // of the swap disk, if it has one (FRAME_USER)
    u8 kind, flags;
    u16 used;      // FRAME_TABLE: entries that are not zero; heap: the size of its objects
    u32 index;     // FRAME_CACHE: which page of the file
    struct inode *inode;
    struct frame *next;                      // in a hash chain, or in the list of free frames
    struct frame *inode_next, *inode_previous;
};

void frames_start(void);
struct frame *frame_of(u64 physical);
u64 frame_physical(const struct frame *frame);
u64 frame_take(enum frame_kind kind);
u64 frame_take_clear(enum frame_kind kind);
void frame_free(struct frame *frame);
void frame_drop(u64 physical); // one reference less
u64 large_take(void);
void large_drop(u64 physical);
u64 frames_free(void);
bool frames_plenty(void);
u64 frames_total(void);
struct frame *frame_number(u64 number);
u64 frames_count(void);
u64 frames_set_aside(u64 size); // before anything is taken
extern u64 zero_frame; // physical; always mapped read-only

// Tables.
void map_memory(void);
bool map_kernel_page(u64 va, u64 physical);
u64 *find_entry(u64 root, u64 va, int level);
u64 *make_entry(u64 root, u64 va, int level);
void set_entry(u64 *entry, u64 value);
u64 new_root(void);
void free_tables(u64 root, u64 start, u64 end);
void free_root(u64 root);

static inline void fence_page(u64 va, u64 asid)
{
    asm volatile("sfence.vma %0, %1" : : "r"(va), "r"(asid) : "memory");
}
static inline void fence_space(u64 asid)
{
    asm volatile("sfence.vma x0, %0" : : "r"(asid) : "memory");
}
static inline void fence_all(void)
{
    asm volatile("sfence.vma" : : : "memory");
}
static inline void fence_code(void)
{
    asm volatile("fence.i" : : : "memory");
}

// An area of an address space: pages with the same rights and the same origin.
enum rights { RIGHT_READ = 1, RIGHT_WRITE = 2, RIGHT_EXECUTE = 4 };
enum area_flags { AREA_SHARED = 1, AREA_STACK = 2, AREA_LARGE = 4, AREA_HEAP = 8 };
struct file;
struct area {
    u64 start, end;
    u8 rights, flags;
    struct file *file; // NULL: anonymous
    u64 offset;        // of `start` in the file, in pages
    struct area *next;
};

struct space {
    u32 refs;
    u64 root;          // physical
    u64 asid, generation;
    struct area *areas; // by address
    struct area *hint;
    u64 heap_start, heap_end;
    u64 map_top;
    u64 stack_top;
    u64 resident;      // frames that are mapped
    u64 arguments, arguments_end;
    u64 clock;         // where the clock's hand is (swap.c)
    u64 swap_next;     // the page behind those that came from the disk last, and how many
    u32 swap_ahead;    // were asked for (slots.c)
    struct space *next, *previous; // all of them, in a ring
};

struct space *space_new(void);
struct space *space_copy(struct space *from); // fork
void space_drop(struct space *space);
void space_switch(struct space *space);
void spaces_start(void);
u64 space_asid(const struct space *space); // for fences
extern struct space *spaces;
void area_free(struct area *area);
struct area *find_area(struct space *space, u64 va);
i64 map_area(struct space *space, u64 start, u64 size, u8 rights, u8 flags, struct file *file, u64 offset);
i64 unmap_area(struct space *space, u64 start, u64 size);
i64 protect_area(struct space *space, u64 start, u64 size, u8 rights);
void discard_pages(struct space *space, u64 start, u64 end);
i64 find_gap(struct space *space, u64 hint, u64 size, u64 unit);
void forget_page(struct space *space, u64 *entry);

u64 *next_entry(struct space *space, u64 *va, u64 end);
struct inode;
void spaces_collect_dirty(struct inode *inode);
void spaces_cut_file(struct inode *inode, u64 from_page);

// Page faults.  What becomes of one:
enum fault { FAULT_DONE, FAULT_NO_AREA, FAULT_NO_RIGHT, FAULT_NO_FILE, FAULT_NO_MEMORY, FAULT_NO_SWAP };
enum access { ACCESS_FETCH, ACCESS_LOAD, ACCESS_STORE };
enum fault page_fault(struct space *space, u64 va, enum access access);

// Swap.
#define SWAP_CLUSTER 32 // pages in one request
void swap_start(void);
bool reclaim(void);
bool is_reclaiming(void);
enum fault swap_in(struct space *space, u64 va, u64 *entry, const struct area *area, bool store);
u32 slot_write(u64 physical); // a page that is not a process's; 0: there is no slot
bool slot_read(u32 slot, u64 physical);
bool swap_is_full(void);
u64 swap_leaving(void);  // frames that are free once they are written
void swap_write(void);
bool frame_take_slot(struct frame *frame); // false: the disk is full, or there is none
void slot_keep(u32 slot);
void slot_drop(u32 slot);
bool frame_only_ours(struct frame *frame); // nobody else maps it or has it swapped out
void frame_forget_slot(struct frame *frame);
void frame_unused(struct frame *frame); // its last reference is gone
extern u64 swap_slots, swap_used;

// A process's memory.  0 or -EFAULT.
i64 copy_in(void *to, u64 from, u64 size);
i64 copy_out(u64 to, const void *from, u64 size);
i64 clear_out(u64 to, u64 size);
i64 text_in(char *to, u64 from, u64 room); // the length; -ENAMETOOLONG
i64 load32_in(u64 from, u32 *value);
i64 compare_swap_in(u64 at, u32 expected, u32 new, u32 *old);
bool user_range(u64 start, u64 size);
