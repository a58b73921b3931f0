// Scene 9: a kernel moves a page to another frame and forgets the fence; then it moves another, and fences.
// It is a kernel of its own, in supervisor mode on the bare machine.

#include "../tour.h"

enum { V = 1, R = 2, W = 4, X = 8, A = 64, D = 128, FRAME_SHIFT = 10 };
enum { KEPT = 111, OTHER = 999 };
enum { BEFORE = 1, FORGOTTEN = 2, BEFORE_RIGHT = 3, RIGHT = 4 };

#define SV39        (8UL << 60)
#define FIRST_PAGE  0x40003000UL // through leaf_table[3]
#define SECOND_PAGE 0x40004000UL // through leaf_table[4]
#define FUNCTION    __attribute__((noipa)) static

extern volatile u64 tohost;

typedef u64 table[512] __attribute__((aligned(PAGE)));

static table root, ram, middle, leaf_table;
static table first_frame, second_frame, third_frame, fourth_frame;

static u64 entry(const void *to, u64 bits)
{
    return (u64)to / PAGE << FRAME_SHIFT | bits;
}

FUNCTION u64 read_word(u64 va)
{
    return *(volatile u64 *)va;
}

// The page of this entry gets another frame, with what it held.
FUNCTION void move_page(u64 *leaf, u64 *from, u64 *to)
{
    for (u64 word = 0; word < 512; word++)
        to[word] = from[word];
    *(volatile u64 *)leaf = entry(to, V | R | W | A | D);
}

// The old frame belongs to someone else from now on, who writes to it at once.
FUNCTION void give_away(u64 *frame)
{
    for (u64 word = 0; word < 512; word++)
        frame[word] = OTHER;
}

FUNCTION void fence(u64 va)
{
    asm volatile("sfence.vma %0, zero" : : "r"(va) : "memory");
}

void supervisor(void)
{
    // RAM where it lies: code may be executed, data written.
    root[2] = entry(ram, V);
    ram[0] = entry((void *)0x80000000, V | R | X | A);
    ram[1] = entry((void *)0x80200000, V | R | W | A | D);
    root[1] = entry(middle, V);
    middle[0] = entry(leaf_table, V);
    leaf_table[3] = entry(first_frame, V | R | W | A | D);
    leaf_table[4] = entry(third_frame, V | R | W | A | D);
    first_frame[0] = third_frame[0] = KEPT;
    asm volatile("csrw satp, %0\n\tsfence.vma" : : "r"(SV39 | (u64)root / PAGE) : "memory");

    MARK(BEFORE, FIRST_PAGE, 1, read_word(FIRST_PAGE));
    move_page(&leaf_table[3], first_frame, second_frame);
    give_away(first_frame);
    MARK(FORGOTTEN, FIRST_PAGE, 1, read_word(FIRST_PAGE));

    MARK(BEFORE_RIGHT, SECOND_PAGE, 1, read_word(SECOND_PAGE));
    move_page(&leaf_table[4], third_frame, fourth_frame);
    fence(SECOND_PAGE);
    give_away(third_frame);
    MARK(RIGHT, SECOND_PAGE, 1, read_word(SECOND_PAGE));

    tohost = 1;
    for (;;)
        ;
}
