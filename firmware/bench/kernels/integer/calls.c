// An interpreter of byte code: each operation is a call through a table.

#include "parts.h"

struct machine {
    u64 stack[16], variables[4];
    u64 depth, at;
    const u8 *code;
};

static void push(struct machine *m, u64 value)
{
    m->stack[m->depth++ & 15] = value;
}

static u64 pop(struct machine *m)
{
    return m->stack[--m->depth & 15];
}

static void constant(struct machine *m) { push(m, m->code[m->at++]); }
static void load(struct machine *m) { push(m, m->variables[m->code[m->at++] & 3]); }
static void store(struct machine *m) { m->variables[m->code[m->at++] & 3] = pop(m); }
static void add(struct machine *m) { u64 b = pop(m); push(m, pop(m) + b); }
static void subtract(struct machine *m) { u64 b = pop(m); push(m, pop(m) - b); }
static void times(struct machine *m) { u64 b = pop(m); push(m, pop(m) * b); }
static void remainder_of(struct machine *m) { u64 b = pop(m); push(m, pop(m) % b); }
static void jump(struct machine *m) { m->at = m->code[m->at]; }
static void jump_if_zero(struct machine *m) { m->at = pop(m) ? m->at + 1 : m->code[m->at]; }

enum { CONSTANT, LOAD, STORE, ADD, SUBTRACT, TIMES, REMAINDER, JUMP, JUMP_IF_ZERO, END };

static void (*const operations[])(struct machine *) = {
    constant, load, store, add, subtract, times, remainder_of, jump, jump_if_zero,
};

static void run(struct machine *m, const u8 *code)
{
    m->depth = m->at = 0;
    m->code = code;
    while (code[m->at] != END)
        operations[code[m->at++]](m);
}

// The greatest common divisor of variables 0 and 1, into 0.
static const u8 divisor[] = {
    LOAD, 1, JUMP_IF_ZERO, 17,
    LOAD, 0, LOAD, 1, REMAINDER, // on the stack: the remainder
    LOAD, 1, STORE, 0,
    STORE, 1,
    JUMP, 0,
    END,
};

// The sum of i * i for i from variable 0 down to 1, into 1.
static const u8 squares[] = {
    CONSTANT, 0, STORE, 1,
    LOAD, 0, JUMP_IF_ZERO, 24,
    LOAD, 1, LOAD, 0, LOAD, 0, TIMES, ADD, STORE, 1,
    LOAD, 0, CONSTANT, 1, JUMP, 25,
    END,
    SUBTRACT, STORE, 0, JUMP, 4,
};

u64 calls_round(u64 round)
{
    struct machine m;
    u64 sum = 0;
    for (u64 i = 1; i <= 20; i++) {
        u64 common = i + round % 50;
        m.variables[0] = common * 987; // neighbours of Fibonacci's sequence: many steps
        m.variables[1] = common * 610;
        run(&m, divisor);
        check(m.variables[0] == common, "the greatest common divisor is wrong");
        sum = add_to(sum, m.variables[0]);
    }
    u64 n = 40 + round % 20;
    m.variables[0] = n;
    run(&m, squares);
    check(m.variables[1] == n * (n + 1) * (2 * n + 1) / 6, "the sum of the squares is wrong");
    return add_to(sum, m.variables[1]);
}
