// The first program Pagewalk runs: it turns paging on, touches a page that is
// not there, mends the page fault and reads again.

typedef unsigned long u64;

enum { PAGE = 4096 };
enum { V = 1, R = 2, W = 4, X = 8, A = 64, D = 128 };

#define SV39 (8UL << 60)
#define TOUCHED 0x40001230UL

extern volatile u64 tohost, fromhost;
u64 read_word(u64 address);

static u64 root[512] __attribute__((aligned(PAGE)));
static u64 spare_tables[2][512] __attribute__((aligned(PAGE)));
static u64 frame[512] __attribute__((aligned(PAGE)));
static int tables_used;

// ---- The console: device 1, command 1 of the host interface.

static void put(char c)
{
    while (tohost)
        fromhost = 0;
    tohost = 1UL << 56 | 1UL << 48 | (unsigned char)c;
    while (tohost)
        fromhost = 0;
}

static void text(const char *s)
{
    while (*s)
        put(*s++);
}

static void hex(u64 value)
{
    int shift = 60;
    text("0x");
    while (shift > 0 && !(value >> shift))
        shift -= 4;
    for (; shift >= 0; shift -= 4)
        put("0123456789abcdef"[value >> shift & 15]);
}

static void decimal(u64 value)
{
    if (value >= 10)
        decimal(value / 10);
    put('0' + value % 10);
}

static void finish(u64 code)
{
    tohost = code << 1 | 1;
    for (;;)
        ;
}

// ---- Page tables.

// The entry of `table` that holds these nine bits of the address.
static u64 *entry_of(u64 *table, u64 va, int level)
{
    return &table[va >> (12 + 9 * level) & 511];
}

static void tell_entry(int level, u64 va, u64 *entry)
{
    text("    level ");
    decimal(level);
    text(", index ");
    decimal(va >> (12 + 9 * level) & 511);
    text(", entry at ");
    hex((u64)entry);
    text(": ");
}

// Walks to the leaf as the hart does, and fills what is missing on the way.
static void map(u64 va, u64 pa)
{
    u64 *table = root, *entry;
    for (int level = 2; level > 0; level--) {
        entry = entry_of(table, va, level);
        tell_entry(level, va, entry);
        if (!(*entry & V)) {
            u64 *next = spare_tables[tables_used++];
            *entry = (u64)next >> 12 << 10 | V;
            text("not valid; now ");
            hex(*entry);
            text(", the next table is at ");
            hex((u64)next);
        } else {
            text("the next table is at ");
            hex(*entry >> 10 << 12);
        }
        text("\n");
        table = (u64 *)(*entry >> 10 << 12);
    }
    entry = entry_of(table, va, 0);
    tell_entry(0, va, entry);
    *entry = pa >> 12 << 10 | D | A | W | R | V;
    text("not valid; now ");
    hex(*entry);
    text(", a leaf: frame ");
    hex(pa);
    text(", may be read and written\n");
}

static const char *name_of(u64 cause)
{
    switch (cause) {
    case 12: return "instruction page fault";
    case 13: return "load page fault";
    case 15: return "store page fault";
    default: return "unexpected";
    }
}

void page_fault(u64 cause, u64 va, u64 pc)
{
    text("Page fault: scause = ");
    decimal(cause);
    text(" (");
    text(name_of(cause));
    text("), stval = ");
    hex(va);
    text(", sepc = ");
    hex(pc);
    text("\n");
    if (cause != 13 || va != TOUCHED || tables_used)
        finish(2);
    map(va, (u64)frame);
    __asm__ volatile("sfence.vma %0, zero" : : "r"(va) : "memory");
    text("Mended. Back to the instruction at ");
    hex(pc);
    text("\n");
}

void supervisor(void)
{
    // One entry maps RAM onto itself, so that this program goes on running:
    // a gigabyte page from 0x80000000.
    root[2] = 0x80000000UL >> 12 << 10 | D | A | X | W | R | V;
    frame[(TOUCHED & (PAGE - 1)) / 8] = 0x6b6c617765676150; // "Pagewalk"

    u64 satp = SV39 | (u64)root >> 12;
    __asm__ volatile("csrw satp, %0\n\tsfence.vma" : : "r"(satp) : "memory");
    __asm__ volatile("csrr %0, satp" : "=r"(satp));
    text("Paging is on: satp = ");
    hex(satp);
    text(" (Sv39, root table at ");
    hex(satp << 12 & 0xffffffffffffffUL);
    text(")\n");

    text("Reading from ");
    hex(TOUCHED);
    text(", which no entry maps\n");
    u64 value = read_word(TOUCHED);
    text("Read ");
    hex(value);
    text(": \"");
    for (int i = 0; i < 8; i++)
        put(value >> 8 * i & 255);
    text("\", from frame ");
    hex((u64)frame);
    text("\n");
    finish(value == frame[(TOUCHED & (PAGE - 1)) / 8] ? 0 : 1);
}
