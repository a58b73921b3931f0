// The base extension: who we are and what we can.

#include "firmware.h"

enum {
    GET_SPEC_VERSION,
    GET_IMPL_ID,
    GET_IMPL_VERSION,
    PROBE_EXTENSION,
    GET_MVENDORID,
    GET_MARCHID,
    GET_MIMPID,
};

enum {
    SPEC_VERSION_2_0 = 2 << 24,
    // The list of implementations has no number for us; this one spells "PWLK".
    IMPLEMENTATION = 0x50574c4b,
};

struct sbiret sbi_base(u64 function, const u64 *argument)
{
    switch (function) {
    case GET_SPEC_VERSION: return sbi_value(SPEC_VERSION_2_0);
    case GET_IMPL_ID: return sbi_value(IMPLEMENTATION);
    case GET_IMPL_VERSION: return sbi_value(FIRMWARE_MAJOR << 16 | FIRMWARE_MINOR);
    case PROBE_EXTENSION: return sbi_value(sbi_has_extension(argument[0]));
    case GET_MVENDORID: return sbi_value(csr_read(mvendorid));
    case GET_MARCHID: return sbi_value(csr_read(marchid));
    case GET_MIMPID: return sbi_value(csr_read(mimpid));
    default: return sbi_error(SBI_ERR_NOT_SUPPORTED);
    }
}
