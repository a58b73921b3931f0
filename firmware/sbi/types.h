// Types and small helpers used everywhere.
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef int i32;
typedef long i64;
typedef _Bool bool;
#define true 1
#define false 0
#define NULL ((void *)0)

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define BIT(n) (1UL << (n))

void *memcpy(void *to, const void *from, u64 size);
void *memset(void *to, int byte, u64 size);
int memcmp(const void *a, const void *b, u64 size);
u64 strlen(const char *text);
bool same(const char *a, const char *b);
