// Says what it is given: arguments, environment, working directory, its own file, standard input.
// Its exit code is its first argument.

#include "linux.h"

static char buffer[4096];

static void say(const char *what, const char *text)
{
    put(what);
    put(" ");
    put(text);
    put("\n");
}

int program(u64 count, char **arguments, char **environment)
{
    int code = 0;
    s64 got;

    for (u64 i = 0; i < count; i++)
        say("argument", arguments[i]);
    for (; *environment != 0; environment++)
        say("variable", *environment);
    got = call2(SYS_getcwd, buffer, sizeof(buffer));
    say("directory", got > 0 ? buffer : "?");
    got = call4(SYS_readlinkat, AT_FDCWD, "/proc/self/exe", buffer, sizeof(buffer) - 1);
    buffer[got > 0 ? got : 0] = 0;
    say("file", buffer);
    for (;;) {
        got = call3(SYS_read, 0, buffer, sizeof(buffer));
        if (got <= 0)
            break;
        put("input ");
        put_bytes(1, buffer, (u64)got);
    }
    if (got < 0) {
        put("error ");
        put_number(got);
        put("\n");
    }
    put_bytes(2, "said\n", 5);
    if (count > 1)
        for (const char *digit = arguments[1]; *digit >= '0' && *digit <= '9'; digit++)
            code = code * 10 + (*digit - '0');
    return code;
}
