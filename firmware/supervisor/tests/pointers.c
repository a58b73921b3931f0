// Every system call, with a bad pointer in each of its arguments in turn, the others being good.  Each call
// may fail as it likes; an argument that it must look at gives EFAULT.  The kernel must stay, no result may be
// a number that is no error, and the memory of this process and of another one must be as it was. With a
// number N as argument, it tries one attempt in N.

#include "test.h"

enum { CALLS = 463, ARGUMENTS = 6, PATTERN = 16 };

// What each argument is:
//   R, W      a pointer that is read, or written: a bad one gives EFAULT
//   O, Q      the same, but none may be given
//   p         a pointer, or an address, that may not be looked at
//   S, L, E   a path to a file, to a symbolic link, to this program
//   t         a time of zero that is read
//   f, d, e   a file, a folder, an epoll with something to tell; i, o: the ends of a pipe
//   h         the folder that the process is in (AT_FDCWD)
//   s, T      a socket, a timer
//   0 to 9, m, k, x   that number, -1, 4096, 64
//   X, Y, F, N, M, C, D  numbers that stay: of no process, SIGUSR1, FIONREAD, PR_SET_NAME, PR_GET_NAME, and what
//             clone makes: a process; one with words for its number and with a thread's data
static const struct { u16 number; const char *arguments; } rows[] = {
    { 5, "pppx0" }, { 8, "pppx" }, { 11, "ppx" }, { 14, "pp" },
    { 17, "Wk" }, { 19, "00" }, { 20, "0" }, { 21, "e1iR" }, { 22, "eW10O8" }, { 23, "f" }, { 24, "f90" },
    { 25, "f5W" }, { 29, "iFW" }, { 30, "000" }, { 32, "f8" }, { 33, "hS00" }, { 34, "hS0" }, { 35, "hS0" },
    { 36, "ShS" }, { 37, "hShS0" }, { 43, "SW" }, { 44, "fW" }, { 45, "S0" }, { 46, "fk" }, { 47, "f00k" },
    { 48, "hS0" }, { 49, "S" }, { 50, "d" }, { 52, "f0" }, { 53, "hS0" }, { 54, "hS000" }, { 55, "f00" },
    { 56, "hS00" }, { 57, "f" }, { 59, "W0" }, { 61, "dWk" }, { 62, "f00" }, { 63, "fWx" }, { 64, "fRx" },
    { 65, "fR1" }, { 66, "fR1" }, { 67, "fWx0" }, { 68, "fRx0" }, { 69, "fR10" }, { 70, "fR10" },
    { 71, "ofQx" }, { 72, "1QQQtp" }, { 73, "W1tO8" }, { 78, "hLWx" }, { 79, "hSW0" }, { 80, "fW" }, { 81, "" },
    { 82, "f" }, { 83, "f" }, { 84, "f0k0" }, { 88, "hpO0" }, { 90, "Wp" }, { 91, "pp" }, { 92, "p" },
    { 95, "00p5p" }, { 96, "p" }, { 98, "R0100" }, { 98, "R01t00" }, { 98, "p311p0" }, { 98, "p411p0" },
    { 98, "p511R0" }, { 98, "R91001" }, { 99, "pp" }, { 100, "0WW" }, { 101, "tp" }, { 102, "0W" },
    { 103, "0OQ" }, { 113, "0W" }, { 114, "0Q" }, { 115, "00tp" }, { 118, "0p" }, { 119, "00p" }, { 120, "0" },
    { 121, "0W" }, { 122, "08p" }, { 123, "08W" }, { 124, "" }, { 125, "0" }, { 126, "0" }, { 129, "Xp" },
    { 130, "Xp" }, { 131, "XXp" }, { 132, "OQ" }, { 133, "R8" }, { 134, "YOQ8" }, { 135, "0OQ8" }, { 136, "W8" },
    { 137, "Rpt8" }, { 138, "XYR" }, { 148, "WWW" }, { 150, "WWW" }, { 153, "Q" }, { 158, "0p" }, { 160, "W" },
    { 163, "7W" }, { 164, "7R" }, { 165, "0W" }, { 166, "0" }, { 167, "NR" }, { 167, "MW" }, { 168, "QQ" }, { 169, "QQ" },
    { 179, "W" }, { 198, "111" }, { 199, "110W" }, { 206, "opx0pp" }, { 207, "ipx0pp" }, { 210, "i0" },
    { 213, "f0k" }, { 214, "p" }, { 215, "pk" }, { 216, "pkk1p" }, { 220, "Cpppp" }, { 220, "Dpppp" }, { 221, "Spp" }, { 221, "EOO" },
    { 222, "pk30f0" }, { 223, "f0k0" }, { 226, "pk0" }, { 227, "pk4" }, { 228, "pk" }, { 229, "pk" }, { 230, "0" },
    { 232, "pkp" }, { 233, "pk4" }, { 240, "XXYR" }, { 258, "W1000" }, { 259, "pp0" }, { 260, "1p1p" },
    { 261, "07OQ" }, { 276, "hShS0" }, { 278, "Wx0" }, { 279, "S0" }, { 281, "hEOO0" }, { 283, "000" },
    { 284, "pk0" }, { 285, "fpopx0" }, { 286, "fR1000" }, { 287, "fR1000" }, { 291, "hS0kW" }, { 436, "990" },
    { 439, "hS00" }, { 74, "mR80" }, { 85, "10" }, { 86, "T0tQ" }, { 87, "TW" },
    { 107, "1OW" }, { 108, "0p" }, { 109, "0" }, { 110, "00pp" }, { 111, "0" }, { 200, "sp8" }, { 201, "s1" },
    { 202, "spp" }, { 203, "sp8" }, { 204, "spW" }, { 205, "spW" }, { 208, "s12p4" }, { 209, "s13pW" },
    { 242, "spp0" }, { 441, "eW1tO8" }, { 452, "hS00" },
};

struct iovec { void *base; u64 size; };

static i64 files[256];                 // by letter
static u8 *room, *read_only, *closed;  // pages: to be written, only read, not at all
static u64 *guard, *pattern;
static u64 bad[16], bad_count, only_written, step = 1;
static struct iovec vector;

// Values whose first ones no call may read, and the last one none may write.
static void make_bad_values(void)
{
    static const u64 values[] = {
        0, 1, 0xfff, 0x3ffffffff8, 0x3fffffffff, 0x4000000000, 0xffffffc080200000, 0xffffffff80200000,
        0xffffffc000000000, 0x8000000000000000, 0xfffffffffffff000, 0xffffffffffffffff,
    };

    for (u64 i = 0; i < LENGTH(values); i++)
        bad[bad_count++] = values[i];
    bad[bad_count++] = (u64)closed;
    bad[bad_count++] = (u64)closed - 1; // the last byte of what is mapped, not on a word
    bad[bad_count++] = only_written = (u64)read_only;
}

static void make_files(void)
{
    static const char name[] = "/tmp/pointers";
    i32 ends[2];
    struct { u64 events, data; } event = { 1, 0 };

    CALL1(CHDIR, "/tmp");
    files['f'] = CALL4(OPENAT, HERE, name, O_CREAT | O_RDWR, 0600);
    CALL2(FTRUNCATE, files['f'], PAGE);
    CALL3(SYMLINKAT, name, HERE, "/tmp/pointers-link");
    files['d'] = CALL4(OPENAT, HERE, "/tmp", O_DIRECTORY, 0);
    CHECK(CALL2(PIPE2, ends, O_NONBLOCK) == 0);
    files['i'] = ends[0];
    files['o'] = ends[1];
    files['e'] = CALL1(EPOLL_CREATE1, 0);
    CHECK(CALL4(EPOLL_CTL, files['e'], 1, CALL2(EVENTFD2, 1, 0), &event) == 0);
    CHECK(call(199, 1, 1, 0, (u64)ends, 0, 0) == 0); // socketpair
    files['s'] = ends[0];
    files['T'] = call(85, 1, 0, 0, 0, 0, 0);         // timerfd_create
    CHECK(files['f'] > 0 && files['d'] > 0 && files['e'] > 0);
}

static u64 good_value(char kind)
{
    static u64 nothing[16];

    switch (kind) {
    case 'R': return (u64)&vector;
    case 'W': case 'p': return (u64)room;
    case 'O': case 'Q': return 0;
    case 'S': return (u64)"/tmp/pointers";
    case 'L': return (u64)"/tmp/pointers-link";
    case 'E': return (u64)"/proc/self/exe";
    case 't': nothing[0] = nothing[1] = 0; return (u64)nothing;
    case 'h': return (u64)HERE;
    case 'm': return -1UL;
    case 'k': return 4096;
    case 'x': return 64;
    case 'X': return 0x7ffffff0;
    case 'Y': return SIGUSR1;
    case 'F': return 0x541b;
    case 'N': return 15;
    case 'M': return 16;
    case 'C': return 17;
    case 'D': return 17 | 0x80000 | 0x100000 | 0x200000 | 0x1000000;
    default: return kind <= '9' ? (u64)(kind - '0') : (u64)files[(u8)kind];
    }
}

// Whether a call must say EFAULT to this value there.
static bool must_fail(char kind, u64 value)
{
    switch (kind) {
    case 'W': return value != (u64)closed - 1;
    case 'Q': return value != 0 && value != (u64)closed - 1;
    case 'R': case 'S': case 'L': case 'E': case 't': return value != only_written && value != (u64)closed - 1;
    case 'O': return value != 0 && value != only_written && value != (u64)closed - 1;
    default: return false;
    }
}

// The call with its arguments; what is behind them is bad too.
static void try(u64 number, const char *kinds, u64 length, u64 position, u64 value)
{
    u64 a[ARGUMENTS], timer[4] = { 0, 0, 0, 200000 };

    vector.base = room;
    vector.size = 8;
    CALL3(SETITIMER, 0, timer, 0);
    CALL3(LSEEK, files['f'], 0, 0);
    CALL3(LSEEK, files['d'], 0, 0);
    for (u64 i = 0; i < ARGUMENTS; i++)
        a[i] = i < length ? good_value(kinds[i]) : 0xffffffc080200001;
    a[position] = value;
    i64 result = call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    if (number == CLONE && result == 0)
        CALL1(EXIT, 0);
    char kind = position < length ? kinds[position] : 0;
    bool other = number == FUTEX && value % 4 != 0 && result == -EINVAL;
    if (result < -4095 || (must_fail(kind, value) && result != -EFAULT && result != -ENOSYS && !other)) {
        say("call %d, argument %d, value %x: ", number, position, value);
        say("result -%d\n", (u64)-result);
        fail("not an error that it may have", __LINE__);
    }
}

static bool in(char kind, const char *kinds)
{
    while (*kinds != 0 && *kinds != kind)
        kinds++;
    return *kinds != 0;
}

static void try_all(u64 number, const char *kinds)
{
    u64 length = 0;

    while (kinds[length] != 0)
        length++;
    for (u64 position = 0; position < length; position++)
        for (u64 i = 0; i < bad_count; i++) {
            char kind = kinds[position];
            bool stays = in(kind, "XYFNMCD");
            // With no time they wait for ever; without arguments this program would run.
            bool right = (kind == 't' || (kind == 'O' && kinds[number == EXECVE ? 0 : 1] == 'E'))
                && (bad[i] == 0 || bad[i] == only_written);
            // The low half says which file: standard input may have nothing yet, standard output is for text.
            bool shown = (u32)bad[i] <= 1 && in(kind, "fio");
            if (!stays && !right && !shown && (position + i + number) % step == 0)
                try(number, kinds, length, position, bad[i]);
        }
}

static void check_guard(void)
{
    for (u64 i = 0; i < 512; i++)
        CHECK(guard[i] == i);
}

// What a process ends with that did this.
static u32 in_a_child(void (*function)(u64), u64 argument)
{
    u32 status = 0;
    i64 child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        function(argument);
        check_guard();
        CALL1(EXIT_GROUP, 0);
    }
    CHECK(wait_for(child, &status) == child);
    while (CALL4(WAIT4, -1, 0, 1, 0) > 0) // those that a clone made
        ;
    return status;
}

static void try_row(u64 row)
{
    make_files();
    try_all(rows[row].number, rows[row].arguments);
}

static void try_number(u64 number)
{
    make_files();
    try_all(number, "pppppp");
}

// Pointers behind pointers.
static void try_nested(u64 i)
{
    static const u16 numbers[] = { READV, WRITEV, PREADV, PWRITEV };
    const char *words[2] = { (char *)bad[i], NULL };
    struct iovec two[2] = { { (void *)bad[i], 8 }, { room, 8 } };
    struct { u64 mask, size; } mask = { bad[i], 8 };
    u64 times[2] = { 0, 0 }, robust[3] = { bad[i], bad[i], bad[i] };
    bool readable = bad[i] == only_written || bad[i] == (u64)closed - 1;

    make_files();
    for (u64 j = 0; j < LENGTH(numbers) && !readable; j++)
        CHECK(CALL4(numbers[j], files['f'], two, 2, 0) == -EFAULT);
    if (bad[i] != 0 && !readable) {
        CHECK(CALL3(EXECVE, "/proc/self/exe", words, 0) == -EFAULT);
        CHECK(CALL3(EXECVE, "/proc/self/exe", 0, words) == -EFAULT);
        CHECK(CALL6(72, 0, 0, 0, 0, times, &mask) == -EFAULT); // pselect6
    }
    // It is walked when the thread ends.
    CHECK(CALL2(SET_ROBUST_LIST, robust, sizeof(robust)) == 0);
}

static void nothing(i32 signal, struct information *information, struct signal_context *context)
{
    (void)signal;
    (void)information;
    (void)context;
}

// A signal's frame goes where the stack pointer is, and comes from there.
static void bad_stack(u64 i)
{
    on_signal(SIGUSR1, nothing, 0);
    u64 pid = CALL1(GETPID, 0);
    register u64 a0 asm("a0") = pid, a1 asm("a1") = SIGUSR1, a7 asm("a7") = KILL;
    asm volatile("mv sp, %3\n ecall\n li a7, 94\n li a0, 0\n ecall" : : "r"(a0), "r"(a1), "r"(a7), "r"(bad[i]) : "memory");
}

static void bad_return(u64 i)
{
    register u64 a7 asm("a7") = 139; // rt_sigreturn
    asm volatile("mv sp, %1\n ecall\n li a7, 94\n li a0, 3\n ecall" : : "r"(a7), "r"(bad[i]) : "memory");
}

// A frame that the program made itself: it goes on there, but as the user that it is.
static void forged_return(u64 i)
{
    struct { struct information information; u64 context[160]; } *frame = (void *)(room - 2048 + PAGE);

    for (u64 j = 0; j < LENGTH(frame->context); j++)
        frame->context[j] = bad[i];
    register u64 a7 asm("a7") = 139;
    asm volatile("mv sp, %1\n ecall" : : "r"(a7), "r"(frame) : "memory");
}

// Another process, with other values at the same addresses.
static i64 neighbour(i32 *wake)
{
    CHECK(CALL2(PIPE2, wake, 0) == 0);
    i64 child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        u8 byte;
        for (u64 i = 0; i < PATTERN * 512; i++)
            pattern[i] = i * 0x9e3779b97f4a7c15UL;
        CALL1(CLOSE, wake[1]);
        CHECK(CALL3(READ, wake[0], &byte, 1) == 0);
        for (u64 i = 0; i < PATTERN * 512; i++)
            CHECK(pattern[i] == i * 0x9e3779b97f4a7c15UL);
        CALL1(EXIT_GROUP, 33);
    }
    return child;
}

static void check_status(u32 status, u64 number)
{
    if (status == 0)
        return;
    say("call %d ended its process with status %x\n", number, (u64)status);
    fail("a call with a bad pointer", __LINE__);
}

int main(int count, char **words)
{
    static bool has_row[CALLS];
    u64 calls = 0;
    i32 wake[2];
    u32 status;

    if (count == 0 || words[0][0] == 0)
        return 0; // execve found nothing wrong
    if (count > 1)
        step = number_of(words[1]);
    guard = map(PAGE, READ_RIGHT | WRITE_RIGHT, MAP_PRIVATE);
    for (u64 i = 0; i < 512; i++)
        guard[i] = i;
    pattern = map(PATTERN * PAGE, READ_RIGHT | WRITE_RIGHT, MAP_PRIVATE);
    room = map(4 * PAGE, READ_RIGHT | WRITE_RIGHT, MAP_PRIVATE);
    read_only = room + PAGE;
    closed = room + 3 * PAGE;
    CHECK(CALL3(MPROTECT, read_only, PAGE, READ_RIGHT) == 0 && CALL3(MPROTECT, closed, PAGE, 0) == 0);
    make_bad_values();
    i64 other = neighbour(wake);

    for (u64 row = 0; row < LENGTH(rows); row++) {
        u64 number = rows[row].number;
        has_row[number] = true;
        if (number % ((step + 14) / 15) != 0)
            continue;
        status = in_a_child(try_row, row);
        // rt_sigsuspend waits for what does not come, if all is well with its mask.
        if (number != 133 || status != SIGALRM)
            check_status(status, number);
        calls++;
    }
    for (u64 number = 0; number < CALLS; number++) {
        if (has_row[number] || number == EXIT || number == EXIT_GROUP || number == 139)
            continue;
        calls++;
        // Nothing can happen in those that are not there.
        if (call(number, 1, 1, 1, 1, 1, 1) == -ENOSYS)
            CHECK(call(number, bad[7], bad[7], bad[7], bad[7], bad[7], bad[7]) == -ENOSYS);
        else
            check_status(in_a_child(try_number, number), number);
    }
    for (u64 i = 0; i < bad_count; i += (step + 14) / 15) {
        check_status(in_a_child(try_nested, i), 0);
        // Below the last ones there is room.
        status = in_a_child(bad_stack, i);
        CHECK(status == SIGSEGV || (bad[i] >= (u64)room && bad[i] <= (u64)closed && status == 0));
        status = in_a_child(bad_return, i);
        CHECK(status == SIGSEGV);
        status = in_a_child(forged_return, i);
        CHECK(status == SIGSEGV || status == SIGBUS || status == SIGILL);
    }
    check_guard();
    for (u64 i = 0; i < PATTERN * 512; i++)
        CHECK(pattern[i] == 0);
    CALL1(CLOSE, wake[1]);
    CHECK(wait_for(other, &status) == other && status == 33 << 8);
    say("pointers: %d system calls with bad pointers, and the kernel is still here\n", calls);
    return 0;
}
