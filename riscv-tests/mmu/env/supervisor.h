// A supervisor of one address space, as small as a test of the MMU allows.
//
// It runs in S-mode under Sv39. Its own code and data are mapped where they
// lie, by global 2 MiB pages: code readable and executable, data readable and
// writable. A test plays below and above them, most of all in the gigabyte at
// 0x40000000:
//
//   root_table[1] -> middle_table, middle_table[0] -> leaf_table,
//   leaf_table[n] maps PAGE(n)
//
// Code of the section .user is mapped for user mode from PAGE(256) on.

typedef unsigned long u64;

enum { V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128 };
enum { PAGE_SIZE = 4096, ENTRIES = 512, ASID = 1 };

#define PAGE(n)  (0x40000000UL + (n) * 0x1000UL)   // through leaf_table
#define LARGE(n) (0x40000000UL + (n) * 0x200000UL) // through middle_table
#define HUGE(n)  ((n) * 0x40000000UL)              // through root_table
#define NAPOT_64K (1UL << 63 | 8UL << 10)          // Svnapot: sixteen pages

typedef u64 table[ENTRIES] __attribute__((aligned(PAGE_SIZE)));
typedef u64 frame[PAGE_SIZE / 8] __attribute__((aligned(PAGE_SIZE)));

extern table root_table, middle_table, leaf_table;
extern frame first_frame, second_frame; // hold 1 and 2 in each word
extern frame large_frame;               // 2 MiB, mapped by no one

// The test itself, on hart 0, and what hart 1 does, if there is one.
void test(void);
void second_hart(void);

// What a test may define: it returns 1 if the access is to be made again.
int on_page_fault(u64 va);

// What the twin must see. If it does not, it fails. With the bug, what hardware
// does is open, since a TLB may have dropped the entry by itself: the number of
// the first check that went wrong is written to the signature, and the test
// goes on.
#ifdef BUG
#define MUST(number, condition) ((condition) ? (void)0 : note(number))
#else
#define MUST(number, condition) ((condition) ? (void)0 : fail(number))
#endif
void note(u64 number);
void fail(u64 number);

// Each function of a test keeps its name in the file.
#define FUNCTION __attribute__((noipa)) static
// For user mode.
#define USER_FUNCTION __attribute__((noipa, section(".user"))) static
#define INLINE static inline __attribute__((always_inline))

// ---- Entries. ----

INLINE u64 entry(const void *at, u64 bits) { return (u64)at >> 12 << 10 | bits; }

INLINE void set(u64 *where, u64 value) { *(volatile u64 *)where = value; }

// Maps PAGE(page), with the fence that a new mapping needs.
void map(u64 page, const void *frame, u64 bits);

// ---- Fences: the four forms, and the one for code. ----

INLINE void fence_all(void) { __asm__ volatile("sfence.vma" : : : "memory"); }

INLINE void fence_page(u64 va)
{
    __asm__ volatile("sfence.vma %0, zero" : : "r"(va) : "memory");
}

INLINE void fence_space(u64 asid)
{
    __asm__ volatile("sfence.vma zero, %0" : : "r"(asid) : "memory");
}

INLINE void fence_page_in_space(u64 va, u64 asid)
{
    __asm__ volatile("sfence.vma %0, %1" : : "r"(va), "r"(asid) : "memory");
}

INLINE void fence_code(void) { __asm__ volatile("fence.i" : : : "memory"); }

// ---- Accesses. ----

// A page fault outside of the supervisor itself is no failure: the access is
// skipped.
#define FAULTED (~1UL)

// The first word at `va`, or FAULTED.
INLINE u64 load(u64 va)
{
    u64 value = FAULTED;
    __asm__ volatile(".option push\n.option norvc\nld %0, 0(%1)\n.option pop"
                     : "+&r"(value) : "r"(va) : "memory");
    return value;
}

// Stores the first word at `va`.
INLINE void store(u64 va, u64 value)
{
    __asm__ volatile(".option push\n.option norvc\nsd %0, 0(%1)\n.option pop"
                     : : "r"(value), "r"(va) : "memory");
}

// Calls the code at `va`, which returns a number; or FAULTED.
INLINE u64 call(u64 va) { return ((u64(*)(void))va)(); }

u64 run_as_user(u64 (*function)(u64), u64 argument);

// How many page faults there were so far.
extern volatile u64 faults;

// ---- Address spaces. ----

INLINE u64 satp_of(const void *root, u64 asid)
{
    return 8UL << 60 | asid << 44 | (u64)root >> 12;
}

INLINE void write_satp(u64 value)
{
    __asm__ volatile("csrw satp, %0" : : "r"(value) : "memory");
}

// Changes to another space, and fences if the hart has no ASIDs to tell them
// apart.
void switch_space(const void *root, u64 asid);

// ---- Code made by hand. ----

// `li a0, number; ret` at the start of a frame.
INLINE void plant(u64 *where, u64 number)
{
    set(where, (0x8067UL << 32) | number << 20 | 0x513);
}
