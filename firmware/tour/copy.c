// Scene 7: what fork copies, and what it does not.

#include "tour.h"

enum { BEFORE = 1, FORKED = 2, WRITTEN = 3, ALONE = 4, LAST = 5 };
enum { PAGES = 16 };

int program(u64 count, char **arguments, char **environment)
{
    (void)count, (void)arguments, (void)environment;
    volatile u8 *memory = map(PAGES * PAGE, 0);
    s64 child;

    for (u64 i = 0; i < PAGES; i++)
        memory[i * PAGE] = (u8)(i + 1);
    MARK(BEFORE, memory, PAGES, 0);
    child = fork();
    if (child == 0) {
        MARK(FORKED, memory, PAGES, 0);
        memory[2 * PAGE] = 100;
        memory[7 * PAGE] = 101;
        memory[7 * PAGE + 1] = 102;
        memory[11 * PAGE] = 103;
        MARK(WRITTEN, memory, PAGES, memory[7 * PAGE]);
        return 0;
    }
    wait_for(child);
    MARK(ALONE, memory, PAGES, memory[7 * PAGE]);
    memory[7 * PAGE] = 104;
    memory[8 * PAGE] = 105;
    MARK(LAST, memory, PAGES, memory[7 * PAGE]);
    return 0;
}
