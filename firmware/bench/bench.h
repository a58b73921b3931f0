// What the benchmark kernels share.
#ifndef BENCH_H
#define BENCH_H

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef short i16;
typedef int i32;
typedef long i64;

enum { PAGE = 4096 };

// ---- What a kernel gives (kernels/NAME.c).

extern const char kernel_name[];
// Bytes that it takes with take_pages(), tables of its own included.
extern const u64 memory_needed;
// Does the work, checks it, and returns a checksum of the results, which depends on nothing
// but the scale.
u64 kernel(void);

// ---- What a mode gives (mode-m.c, mode-sv39.c).

extern const char mode_name[];
// Goes to the mode in which the kernel runs and calls run() there.
void enter_mode(void (*run)(void));
// Asks for a timer interrupt when the time reaches `at`.
void set_timer(u64 at);
void allow_timer_interrupts(void);

// ---- Size of the work (main.c).

// n at the scale 1000, which is the default; in proportion otherwise, but at least `least`.
u64 scaled(u64 n, u64 least);

// ---- Memory (pages.c).

// The next n pages after the program. They are zero.
void *take_pages(u64 n);

// ---- Page tables (paging.c).

enum { V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128 };

#define SV39 (8UL << 60)
// An address of the low half that nothing of the program uses.
#define WINDOW 0x40000000UL

extern u64 *root;
// The leaf entry for `va`; makes the tables on the way.
u64 *leaf_of(u64 *root, u64 va);
u64 leaf(const void *frame, u64 rights);
void map_pages(u64 *root, u64 va, const void *frame, u64 pages, u64 rights);
// Tables that map the program, `bytes` of memory after it, and the devices onto themselves.
void make_tables(u64 bytes);

static inline void fence_address(u64 va)
{
    __asm__ volatile("sfence.vma %0, zero" : : "r"(va) : "memory");
}

static inline void fence_all(void)
{
    __asm__ volatile("sfence.vma" : : : "memory");
}

// ---- Traps (start.S, main.c).

struct frame {
    u64 x[32];
    u64 pc, status;
};

// Called for each trap of the kernel's mode, with the registers, which it may change.
extern void (*on_trap)(struct frame *frame, u64 cause, u64 value);

#define INTERRUPT (1UL << 63)

// ---- Console and end (print.c).

void find_console(const u8 *device_tree);
void print(const char *text);
void print_decimal(u64 value);
void print_hex(u64 value);
__attribute__((noreturn)) void finish(u64 code);
// Prints what is wrong and ends with exit code 1.
__attribute__((noreturn)) void fail(const char *what);

static inline void check(int good, const char *what)
{
    if (!good)
        fail(what);
}

// ---- Small things.

#define read_csr(name) ({ u64 value_; __asm__ volatile("csrr %0, " #name : "=r"(value_)); value_; })
#define write_csr(name, value) __asm__ volatile("csrw " #name ", %0" : : "r"(value) : "memory")
#define set_csr(name, bits) __asm__ volatile("csrs " #name ", %0" : : "r"(bits) : "memory")
#define clear_csr(name, bits) __asm__ volatile("csrc " #name ", %0" : : "r"(bits) : "memory")

// A checksum to which a value is added. The order counts.
static inline u64 add_to(u64 sum, u64 value)
{
    sum = (sum ^ value) * 0x9e3779b97f4a7c15;
    return sum ^ sum >> 29;
}

// The next number of a sequence (xorshift); the state is not 0.
static inline u64 next_random(u64 *state)
{
    u64 x = *state;
    x ^= x << 13;
    x ^= x >> 7;
    x ^= x << 17;
    return *state = x;
}

// A number below n, which is below 2^32.
static inline u64 random_below(u64 *state, u64 n)
{
    return (next_random(state) >> 32) * n >> 32;
}

#endif
