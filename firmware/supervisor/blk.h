// The swap disk: pages by number.
#pragma once

#include "types.h"

void blk_start(void);
u64 blk_pages(void);
#define BLK_PAGES 32 // the most that one request moves
bool blk_read(u64 page, const u64 *physical, u32 count);
bool blk_write(u64 page, const u64 *physical, u32 count);
