#pragma once
#include "../sbi/fdt.h"
