// The reader of device trees is the firmware's.
#include "../sbi/fdt.c"
