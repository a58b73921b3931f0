// What runs after the firmware.
//
// Whoever puts the firmware into memory says in a2 where a structure stands that names the next
// stage: `struct fw_dynamic_info`, a convention of OpenSBI that QEMU's reset vector follows.  All
// its fields are as wide as a register:
//
//   magic      0x4942534f, the letters "OSBI"
//   version    1, or 2 (which has boot_hart)
//   next_addr  where the next stage starts; QEMU puts 0 if it knows of none
//   next_mode  the privilege that it wants: 1 is S-mode
//   options    nothing that concerns us
//   boot_hart  the hart that should boot; all ones: whichever
//
// If a2 leads to no such thing, the next stage is where a kernel usually is.

#include "firmware.h"

#define MAGIC 0x4942534f
#define USUAL_ADDRESS 0x80200000

enum field { FIELD_MAGIC, FIELD_VERSION, NEXT_ADDRESS, NEXT_MODE, OPTIONS, BOOT_HART, FIELDS };

struct next_stage next_stage_read(u64 info)
{
    struct next_stage next = { USUAL_ADDRESS, ~0UL };
    u64 fields[FIELDS];

    if (info == 0 || info % 8 != 0)
        return next;
    for (u64 i = 0; i < FIELDS; i++) {
        if (i == BOOT_HART && fields[FIELD_VERSION] < 2) {
            fields[i] = ~0UL;
        } else if (!firmware_try_load(info + 8 * i, &fields[i])) {
            return next;
        } else if (i == FIELD_MAGIC && fields[i] != MAGIC) {
            return next;
        }
    }
    if (fields[NEXT_ADDRESS] == 0)
        return next;
    if (fields[NEXT_MODE] != SUPERVISOR)
        panic("the next stage wants another mode than S-mode");
    next.address = fields[NEXT_ADDRESS];
    next.preferred_hart = fields[BOOT_HART];
    return next;
}
