// Scene 4: three children do what they must not. Their parent lives to tell.

#include "tour.h"

enum { TRY = 1, ENDED = 2, ALIVE = 3 };

// The kernel's own code, as firmware/supervisor/layout.h places it.
#define KERNEL 0xffffffff80200000UL

static const u64 constant[8] = {1, 2, 3};
static volatile u64 *secret;
static int pipe[2];

static void child(u64 number)
{
    if (number == 0) {
        volatile u64 *word = (volatile u64 *)&constant[2];

        (void)*word; // reading it is allowed
        MARK(TRY, word, 1, number);
        *word = 4;
    } else if (number == 1) {
        MARK(TRY, KERNEL, 1, number);
        *(volatile u64 *)KERNEL;
    } else {
        u64 at;

        // Its parent says where it has got memory meanwhile.
        call3(SYS_read, pipe[0], &at, sizeof(at));
        MARK(TRY, at, 1, number);
        *(volatile u64 *)at;
    }
}

int program(u64 count, char **arguments, char **environment)
{
    (void)count, (void)arguments, (void)environment;
    u64 status;

    call2(SYS_pipe2, pipe, 0);
    for (u64 number = 0; number < 3; number++) {
        s64 pid = fork();

        if (pid == 0) {
            child(number);
            return 1;
        }
        if (number == 2) {
            u64 at;

            secret = (volatile u64 *)map(PAGE, 0);
            *secret = 4711;
            at = (u64)secret;
            call3(SYS_write, pipe[1], &at, sizeof(at));
        }
        status = wait_for(pid);
        MARK(ENDED, secret, secret != 0, status & 127);
    }
    MARK(ALIVE, secret, 1, *secret);
    return 0;
}
