// One process takes more and more memory until it is killed; another goes on and finds its own as it was.

#include "test.h"

int main(void)
{
    enum { OWN = 64 };
    u64 *own = map(OWN * PAGE, READ_RIGHT | WRITE_RIGHT, MAP_PRIVATE);
    i32 gone[2];
    u32 status;

    CHECK(CALL2(PIPE2, gone, 0) == 0);
    i64 other = fork();
    CHECK(other >= 0);
    if (other == 0) {
        u64 state = 3, sum = 0;
        u8 byte;
        CALL1(CLOSE, gone[1]);
        for (u64 i = 0; i < OWN * 512; i++)
            own[i] = random(&state);
        // Works on it while memory runs short, and once more afterwards.
        for (u64 turn = 0; turn < 2; turn++) {
            state = 3;
            for (u64 i = 0; i < OWN * 512; i++)
                sum |= own[i] ^ random(&state);
            if (turn == 0)
                CHECK(CALL3(READ, gone[0], &byte, 1) == 0);
        }
        CALL1(EXIT_GROUP, sum == 0 ? 0 : 1);
    }
    i64 greedy = fork();
    CHECK(greedy >= 0);
    if (greedy == 0) {
        for (;;) {
            u64 *more = (u64 *)call(MMAP, 0, 64 * PAGE, READ_RIGHT | WRITE_RIGHT, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
            CHECK((i64)more > 0);
            for (u64 i = 0; i < 64 * 512; i += 512)
                more[i] = i;
        }
    }
    CHECK(wait_for(greedy, &status) == greedy && status == SIGKILL);
    CALL1(CLOSE, gone[1]);
    CHECK(wait_for(other, &status) == other && status == 0);
    // What it had is free again.
    u64 *again = map(OWN * PAGE, READ_RIGHT | WRITE_RIGHT, MAP_PRIVATE);
    for (u64 i = 0; i < OWN * 512; i += 512)
        again[i] = i;
    say("crowd: one was killed, the other has what it had\n");
    return 0;
}
