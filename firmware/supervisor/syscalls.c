// From a system call's number to the function that does it.

#include "calls.h"
#include "init.h"
#include "task.h"

// They take up to six arguments; a function that takes fewer does not look at the others.
typedef i64 system_call_function(u64, u64, u64, u64, u64, u64);

#define DECLARE(number, name, function) i64 sys_##function();
#define NOTHING(number, name)
#define ROW(number, name, function) [number] = { #name, (system_call_function *)(void *)sys_##function, false },
#define EMPTY(number, name) [number] = { #name, NULL, false },
#define QUIET(number, name) [number] = { #name, NULL, true },

CALLS(DECLARE, NOTHING, NOTHING)

static const struct { const char *name; system_call_function *function; bool quiet; } calls[] = {
    CALLS(ROW, EMPTY, QUIET)
};

// No file has extended attributes.
i64 sys_no_xattr(void)
{
    return -EOPNOTSUPP;
}

// There is no network.
i64 sys_no_socket(void)
{
    return -EAFNOSUPPORT;
}

// What is not there is told once by name.
static i64 missing(u64 number)
{
    static u8 told[LENGTH(calls) + 1];
    u64 row = MIN(number, LENGTH(calls));
    bool named = row < LENGTH(calls) && calls[row].name != NULL;

    if (told[row] || (named && calls[row].quiet))
        return -ENOSYS;
    told[row] = true;
    if (named)
        LOG(2, "%s uses the system call %s, which is not there\n", current->process->name, calls[row].name);
    else
        LOG(2, "%s uses the system call number %d, which Linux does not have\n", current->process->name, number);
    return -ENOSYS;
}

void system_call(struct registers *registers)
{
    u64 *x = registers->x, number = x[A7];
    u64 pc = x[0];
    i64 result;

    registers->first_argument = x[A0];
    x[0] = pc + 4;
    if (number < LENGTH(calls) && calls[number].function != NULL)
        result = calls[number].function(x[10], x[11], x[12], x[13], x[14], x[15]);
    else
        result = missing(number);
    if (trace_calls)
        print("[%i] %s(0x%x, 0x%x, 0x%x, 0x%x) = %i\n", (i64)current->tid,
              number < LENGTH(calls) && calls[number].name != NULL ? calls[number].name : "?",
              registers->first_argument, x[11], x[12], x[13], result);
    current->restarts = result == -ERESTART;
    x[A0] = result;
}
