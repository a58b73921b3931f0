// System reset: what it refuses.  The end of the run shows that it works.

#include "check.h"

void test_srst(void)
{
    static const struct {
        u64 type, reason;
    } bad[] = { { 3, 0 }, { 0xefffffff, 0 }, { 0xf0000000, 0 }, { 0xffffffff, 0 }, { 0, 2 }, { 0, 0xdfffffff },
                { 0, 0xe0000000 }, { 0, 0xffffffff }, { 1, 2 }, { 3, 3 } };

    for (u64 i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        check_error(SBI(SRST, 0, bad[i].type, bad[i].reason), INVALID_PARAM, "system_reset of type %x for reason %x",
                    bad[i].type, bad[i].reason);
}
