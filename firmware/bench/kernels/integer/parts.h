// The parts of the integer mix. Each round takes some 100,000 instructions, checks what it did, and
// returns a checksum.
#ifndef PARTS_H
#define PARTS_H

#include "../../bench.h"

void list_start(void);
u64 list_round(u64 round);
void matrix_start(void);
u64 matrix_round(u64 round);
u64 text_round(u64 round);
void crc_start(void);
u64 crc_round(u64 round);
u64 string_round(u64 round);
u64 calls_round(u64 round);

#endif
