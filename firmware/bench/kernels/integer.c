// A mix of what integer programs do: linked lists, small matrices, a state machine over text, CRCs,
// strings, and a byte-code interpreter with calls through a table.
// modes: m sv39

#include "integer/parts.h"

const char kernel_name[] = "integer";
const u64 memory_needed = 0;

u64 kernel(void)
{
    u64 rounds = scaled(1000, 2), sum = 0;
    list_start();
    matrix_start();
    crc_start();
    for (u64 round = 0; round < rounds; round++) {
        sum = add_to(sum, list_round(round));
        sum = add_to(sum, matrix_round(round));
        sum = add_to(sum, text_round(round));
        sum = add_to(sum, crc_round(round));
        sum = add_to(sum, string_round(round));
        sum = add_to(sum, calls_round(round));
    }
    return sum;
}
