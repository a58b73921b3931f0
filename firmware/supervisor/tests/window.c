// What a terminal is to a program: its size, a line that is typed, an interrupt.

#include "test.h"

enum { TIOCGWINSZ = 0x5413 };

int main(void)
{
    u16 size[4] = { 0, 0, 0, 0 };
    char text[100];
    i64 got = CALL3(IOCTL, 0, TIOCGWINSZ, size);

    if (got != 0)
        say("no terminal: -%d\n", (u64)-got);
    else
        say("rows %d columns %d\n", (u64)size[0], (u64)size[1]);
    while ((got = CALL3(READ, 0, text, sizeof(text) - 1)) > 0) {
        text[got] = 0;
        say("got %s", text);
    }
    say("end %d\n", (u64)got);
    return 0;
}
