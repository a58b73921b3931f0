// Checks an SBI implementation from S-mode: each extension with right and wrong arguments.  It runs on
// any SBI 2.0 firmware; a firmware may choose freely where the specification leaves it open.

#include "check.h"

void main(u64 boot_id)
{
    find_harts(boot_id);
    say("sbi-test on hart %d of %d\n", boot_id, hart_count);
    test_base();
    test_console();
    test_exceptions();
    test_misaligned();
    test_counters();
    test_time();
    test_hsm(); // leaves all harts running
    test_ipi();
    test_rfence();
    test_suspend(); // leaves them stopped
    test_pmu();
    test_legacy();
    test_srst();
    finish();
}
