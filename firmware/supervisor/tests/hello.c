// Nothing but a line: how long does the system take to start?

#include "test.h"

int main(int count, char **words)
{
    say("hello from %s, %d words\n", words[0], (u64)count);
    return 42;
}
