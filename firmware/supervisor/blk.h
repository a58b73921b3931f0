// The swap disk: pages by number.
#pragma once

#include "types.h"

void blk_start(void);
u64 blk_pages(void);
bool blk_read(u64 page, u64 physical);
bool blk_write(u64 page, u64 physical);
