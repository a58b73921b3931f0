// Scene 1: a variable, and the address that the program knows it by.

#include "tour.h"

enum { LOOK = 1 };

// Somewhere within its page, so that the offset is not zero.
static volatile u64 row[512] = {[123] = 42};

int program(u64 count, char **arguments, char **environment)
{
    (void)count, (void)arguments, (void)environment;
    volatile u64 *answer = &row[123];

    *answer += 1;
    MARK(LOOK, answer, 1, *answer);
    return 0;
}
