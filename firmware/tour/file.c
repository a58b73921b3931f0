// Scene 7: a file that is changed through memory.

#include "tour.h"

enum { MAPPED = 1, STORED = 2, READ = 3, WRITTEN = 4, LAST = 5 };
enum { SYS_msync = 227, MAP_SHARED = 1, MS_SYNC = 4 };

static u64 read_word(s64 file)
{
    u64 word = 0;

    if (call4(SYS_pread64, file, &word, sizeof(word), 0) != sizeof(word))
        call1(SYS_exit_group, 93);
    return word;
}

int program(u64 count, char **arguments, char **environment)
{
    (void)count, (void)environment;
    s64 file = call4(SYS_openat, AT_FDCWD, arguments[1], O_RDWR, 0);
    s64 at = call(SYS_mmap, 0, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, (u64)file, 0);
    volatile u64 *memory = (u64 *)at;

    if (file < 0 || (at < 0 && at > -4096))
        return 92;
    MARK(MAPPED, memory, 1, memory[0]);
    memory[0] = *(const u64 *)"memory, ";
    MARK(STORED, memory, 1, memory[0]);
    MARK(READ, memory, 1, read_word(file));
    if (call3(SYS_msync, memory, PAGE, MS_SYNC) != 0)
        return 91;
    MARK(WRITTEN, memory, 1, read_word(file));
    memory[1] = memory[0];
    MARK(LAST, memory, 1, memory[1]);
    return 0;
}
