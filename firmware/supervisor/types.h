// The types are those of the firmware; error numbers are Linux's, negative when returned.
#pragma once

#include "../sbi/types.h"

typedef signed char i8;
typedef short i16;

#define MIN(a, b) ({ __auto_type a_ = (a); __auto_type b_ = (b); a_ < b_ ? a_ : b_; })
#define MAX(a, b) ({ __auto_type a_ = (a); __auto_type b_ = (b); a_ > b_ ? a_ : b_; })
#define ROUND_DOWN(x, unit) ((x) & ~((u64)(unit) - 1))
#define ROUND_UP(x, unit) ROUND_DOWN((x) + (u64)(unit) - 1, unit)
