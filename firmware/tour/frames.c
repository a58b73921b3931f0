// Scene 3: memory in one piece for the program, in many pieces for the machine.

#include "tour.h"

enum { EMPTY = 1, FULL = 2, SUM = 3 };
enum { PAGES = 12, STEP = 5 };

int program(u64 count, char **arguments, char **environment)
{
    (void)count, (void)arguments, (void)environment;
    u8 *memory = map(PAGES * PAGE, 0), *other = map(PAGES * PAGE, 0);
    u64 sum = 0;

    MARK(EMPTY, memory, PAGES, 0);
    // Whoever touches a page first gets a frame for it: here in another order than that of the
    // addresses, and another piece of memory gets some in between.
    for (u64 i = 0; i < PAGES; i++) {
        memory[i * STEP % PAGES * PAGE] = (u8)(i + 1);
        if (i % 3 == 0)
            other[i * PAGE] = 1;
    }
    MARK(FULL, memory, PAGES, 0);
    for (u64 i = 0; i < PAGES * PAGE; i++)
        sum += memory[i];
    MARK(SUM, memory, PAGES, sum);
    return 0;
}
