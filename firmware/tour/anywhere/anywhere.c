// Scene 3: a program that may lie anywhere. It runs twice: the kernel puts it to another address each time.

#include "../tour.h"

enum { LOADED = 1, POINTER = 2, CODE = 3 };
enum { POINTERS = 4 };

// Where the program begins: found from the pc, as all it has.
extern u8 program_start[];

static u64 numbers[] = { 10, 20, 30, 40 };
// Addresses in memory: what nobody knows before the program is loaded. The linker has counted from zero.
static u64 *volatile pointers[POINTERS] = { &numbers[3], &numbers[1], &numbers[0], &numbers[2] };

static void relocate(void)
{
    for (u64 i = 0; i < POINTERS; i++)
        pointers[i] = (u64 *)(program_start + (u64)pointers[i]);
}

__attribute__((noipa)) static u64 sum(void)
{
    u64 all = 0;

    for (u64 i = 0; i < POINTERS; i++)
        all += *pointers[i];
    return all;
}

int program(u64 count, char **arguments, char **environment)
{
    s64 child;

    (void)pointers[0]; // so that the page is there
    MARK(LOADED, pointers, 1, program_start);
    relocate();
    MARK(POINTER, pointers, 1, 0);
    MARK(CODE, sum, 1, sum());
    if (count > 1)
        return 0;
    child = fork();
    if (child == 0) {
        const char *again[] = { arguments[0], "again", 0 };
        call3(SYS_execve, "/proc/self/exe", again, environment);
        return 94;
    }
    return (int)wait_for(child);
}
