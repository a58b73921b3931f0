// A supervisor for one user program: Sv39, pages that come on demand and go
// again, accessed and dirty bits set by hand when the hart leaves them to
// software. It also checks the hart: a page that was used must be marked
// accessed, a page that changed must be marked dirty.

typedef unsigned long u64;

enum { PAGE = 4096, FRAMES = 6, WORDS = PAGE / 8 };
enum { V = 1, R = 2, W = 4, X = 8, U = 16, G = 32, A = 64, D = 128 };
enum { ECALL_U = 8, FETCH_PAGE = 12, LOAD_PAGE = 13, STORE_PAGE = 15 };

// Failures of the supervisor's own, in the place of a cause.
enum { NOT_ACCESSED = 0x101, NOT_DIRTY = 0x102, STUCK = 0x103 };

struct frame {
    u64 pc;
    u64 x[31]; // x[n - 1] is register n
    u64 unused;
};
enum { GP = 3, TP = 4, S6 = 22, S7 = 23, S8 = 24, S9 = 25, S10 = 26, A0 = 10 };
#define REG(f, n) ((f)->x[(n) - 1])

extern char user_first[], user_last[], user_start[];

static u64 root[512] __attribute__((aligned(PAGE)));
static u64 middle[512] __attribute__((aligned(PAGE)));
static u64 leaves[512] __attribute__((aligned(PAGE)));
static u64 pool[FRAMES][WORDS] __attribute__((aligned(PAGE)));
static u64 *owner[FRAMES]; // the entry that uses the frame
static u64 next_victim;

// The linked address of what the supervisor sees at its high alias.
static u64 linked(const void *p) { return (u64)p & 0xffffffff; }

static u64 pointer(const void *table) { return linked(table) >> 12 << 10 | V; }

// Runs in machine mode, before translation.
u64 build_tables(void)
{
    // 0xffffffff80000000: all of RAM's first gigabyte for the supervisor.
    root[510] = 0x80000000UL >> 12 << 10 | D | A | G | X | W | R | V;
    root[2] = pointer(middle);
    middle[0] = pointer(leaves);
    return 8UL << 60 | linked(root) >> 12;
}

void first_frame(struct frame *f) { f->pc = linked(user_start); }

static void stop(u64 code)
{
    register u64 a0 __asm__("a0") = code;
    __asm__ volatile("ecall" : : "r"(a0) : "memory");
    __builtin_unreachable();
}

static void fail(const struct frame *f, u64 cause)
{
    stop((REG(f, GP) | (cause & 0xffff) << 16) << 1 | 1);
}

static u64 *home_of(const u64 *entry)
{
    // Where the program was loaded: its pages' swap space.
    u64 page = (u64)(entry - leaves);
    return (u64 *)(0xffffffff80000000UL + page * PAGE);
}

static void evict(const struct frame *f, u64 number)
{
    u64 *entry = owner[number], *home = home_of(entry), old = *entry;
    u64 page = linked(home), changed = 0;
    *entry = 0;
    __asm__ volatile("sfence.vma %0, zero" : : "r"(page) : "memory");
    for (int i = 0; i < WORDS; i++)
        if (home[i] != pool[number][i]) {
            home[i] = pool[number][i];
            changed = 1;
        }
    if (!(old & A))
        fail(f, NOT_ACCESSED);
    if (changed && !(old & D))
        fail(f, NOT_DIRTY);
}

static void map(const struct frame *f, u64 *entry)
{
    u64 number = next_victim, *home = home_of(entry);
    next_victim = (next_victim + 1) % FRAMES;
    if (owner[number])
        evict(f, number);
    for (int i = 0; i < WORDS; i++)
        pool[number][i] = home[i];
    owner[number] = entry;
    *entry = linked(pool[number]) >> 12 << 10 | U | X | W | R | V;
    __asm__ volatile("fence.i" : : : "memory");
}

// A fault in the program's own range: map the page, or mark it.
static int mend(const struct frame *f, u64 cause, u64 va)
{
    u64 *entry = &leaves[va >> 12 & 511];
    if (va < linked(user_first) || va >= linked(user_last))
        return 0;
    if (!*entry)
        map(f, entry);
    else if (!(*entry & A))
        *entry |= A;
    else if (cause == STORE_PAGE && !(*entry & D))
        *entry |= D;
    else
        fail(f, STUCK);
    __asm__ volatile("sfence.vma %0, zero" : : "r"(va) : "memory");
    return 1;
}

void on_trap(struct frame *f)
{
    u64 cause, value, status;
    __asm__ volatile("csrr %0, scause" : "=r"(cause));
    __asm__ volatile("csrr %0, stval" : "=r"(value));
    __asm__ volatile("csrr %0, sstatus" : "=r"(status));
    if ((cause == FETCH_PAGE || cause == LOAD_PAGE || cause == STORE_PAGE) && mend(f, cause, value))
        return;
    if (REG(f, TP)) {
        REG(f, S6) = status;
        REG(f, S7) = 1;
        REG(f, S8) = cause;
        REG(f, S9) = value;
        REG(f, S10) = f->pc;
        f->pc = REG(f, TP);
        REG(f, TP) = 0;
    } else if (cause == ECALL_U) {
        stop(REG(f, A0));
    } else {
        fail(f, cause + 1);
    }
}
