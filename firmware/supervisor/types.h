// The types are those of the firmware; error numbers are Linux's, negative when returned.
#pragma once

#include "../sbi/types.h"

typedef signed char i8;
typedef short i16;

#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define ROUND_DOWN(x, unit) ((x) & ~((u64)(unit) - 1))
#define ROUND_UP(x, unit) ROUND_DOWN((x) + (u64)(unit) - 1, unit)
