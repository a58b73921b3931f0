// Scene 2: after a fork there are two processes with the same addresses.

#include "tour.h"

enum { BEFORE = 1, CHILD = 2, CODE = 3, PARENT = 4 };

static volatile u64 number;

int program(u64 count, char **arguments, char **environment)
{
    (void)count, (void)arguments, (void)environment;
    s64 child;

    number = 111;
    MARK(BEFORE, &number, 1, 0);
    child = fork();
    if (child == 0) {
        number = 222;
        MARK(CHILD, &number, 1, number);
        MARK(CODE, &program, 1, 0);
        return 0;
    }
    wait_for(child);
    MARK(PARENT, &number, 1, number);
    return 0;
}
