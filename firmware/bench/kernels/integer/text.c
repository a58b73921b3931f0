// A state machine that sorts the words of a text into kinds, a character at a time.

#include "parts.h"

static const char text[] =
    "0 17 -4 +25 007 3.14 -0.5 .5 6. 1e9 2.5e-3 -7E+2 0x1f 0xBEEF 0x word x2 e9 1.2.3 12ab 1e "
    "- 0xg 99999 8.25e1 _name 4e+ 100 200 300 1.0 2.0 3.0 alpha beta gamma 0x0 0xff 5e5 6e6 ";

enum state { BLANK, SIGN, ZERO, INTEGER, POINT, FRACTION, E, E_SIGN, EXPONENT, X_MARK, HEX, NAME, WRONG, STATES };

// How often a word of the text above ends in each state, counted by hand.
static const u8 expected[STATES] = {
    [SIGN] = 1, [ZERO] = 1, [INTEGER] = 8, [POINT] = 0, [FRACTION] = 7, [E] = 1, [E_SIGN] = 1,
    [EXPONENT] = 6, [X_MARK] = 1, [HEX] = 4, [NAME] = 7, [WRONG] = 3,
};

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static int is_hex(char c)
{
    return is_digit(c) || ((c | 32) >= 'a' && (c | 32) <= 'f');
}

static int is_letter(char c)
{
    return ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_';
}

static enum state step(enum state state, char c)
{
    switch (state) {
    case BLANK:
        if (c == '+' || c == '-')
            return SIGN;
        if (is_letter(c))
            return NAME;
        // fall through
    case SIGN:
        if (c == '0')
            return ZERO;
        if (is_digit(c))
            return INTEGER;
        return c == '.' ? POINT : WRONG;
    case ZERO:
        if (c == 'x')
            return X_MARK;
        // fall through
    case INTEGER:
        if (is_digit(c))
            return INTEGER;
        if (c == '.')
            return FRACTION;
        return (c | 32) == 'e' ? E : WRONG;
    case POINT:
        return is_digit(c) ? FRACTION : WRONG;
    case FRACTION:
        if (is_digit(c))
            return FRACTION;
        return (c | 32) == 'e' ? E : WRONG;
    case E:
        if (c == '+' || c == '-')
            return E_SIGN;
        // fall through
    case E_SIGN:
    case EXPONENT:
        return is_digit(c) ? EXPONENT : WRONG;
    case X_MARK:
    case HEX:
        return is_hex(c) ? HEX : WRONG;
    case NAME:
        return is_letter(c) || is_digit(c) ? NAME : WRONG;
    default:
        return WRONG;
    }
}

u64 text_round(u64 round)
{
    u64 counts[STATES], steps[STATES];
    for (int state = 0; state < STATES; state++)
        counts[state] = steps[state] = 0;
    for (int times = 0; times < 8; times++) {
        enum state state = BLANK;
        for (const char *at = text; *at; at++) {
            if (*at == ' ') {
                counts[state]++;
                state = BLANK;
            } else {
                state = step(state, *at);
                steps[state]++;
            }
        }
    }
    u64 sum = round;
    for (int state = 0; state < STATES; state++) {
        check(counts[state] == 8UL * expected[state], "the words are of other kinds");
        sum = add_to(sum, counts[state] << 32 | steps[state]);
    }
    return sum;
}
