// Page tables for the tests that need translation: RAM where it is, and a few pages of their own.
#pragma once

#include "harts.h"

enum { PAGE = 4096, PAGES = 16 };
#define PAGES_AT 0x40000000UL
enum { V = 1, R = 2, W = 4, X = 8, A = 64, D = 128 };

// Maps page number n of the area to `frame` with these rights; 0 unmaps it.
void map(u64 n, void *frame, u64 rights);
void make_tables(void);
void paging_on(u64 asid);
void paging_off(void);
extern u8 frames[4][PAGE];
