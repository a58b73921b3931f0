// Corners in which the kernel itself was once at fault: its stack, its own tables, somebody else's page.

#include "test.h"

enum { EPOLLIN = 1, EPOLL_CTL_ADD = 1, CREATE_ONLY_WRITE = 0101, MAP_LARGE = 0x40000, DONT_NEED = 4, EACCES = 13 };
enum { S_IFIFO = 010000, LARGE = 2 << 20 };

struct epoll_event { u64 events, data; };

static void put(char *to, char letter, u64 number)
{
    to[0] = letter;
    to[1] = '0' + number / 10;
    to[2] = '0' + number % 10;
    to[3] = 0;
}

// A file is made at the end of many links, each of which leads to the next.
static void links_to_nothing(void)
{
    enum { LINKS = 39 };
    char name[4], next[4];
    i64 file;

    CHECK(CALL3(MKDIRAT, HERE, "/tmp/links", 0755) == 0 && CALL1(CHDIR, "/tmp/links") == 0);
    for (u64 i = 0; i < LINKS; i++) {
        put(name, 'l', i);
        put(next, 'l', i + 1);
        CHECK(CALL3(SYMLINKAT, next, HERE, name) == 0);
    }
    file = CALL4(OPENAT, HERE, "l00", O_CREAT | O_RDWR, 0600);
    CHECK(file >= 0 && CALL1(CLOSE, file) == 0);
    file = CALL4(OPENAT, HERE, next, O_RDWR, 0);
    CHECK(file >= 0 && CALL1(CLOSE, file) == 0);
    CHECK(CALL3(SYMLINKAT, "turn", HERE, "turn") == 0);
    CHECK(CALL4(OPENAT, HERE, "turn", O_CREAT | O_RDWR, 0600) == -ELOOP);
}

// Built from its upper end a row of epolls must stop as well.
static void epolls_from_above(void)
{
    struct epoll_event event = { EPOLLIN, 0 };
    i64 row[20], last = 0, result = 0;

    for (u64 i = 0; i < LENGTH(row); i++)
        CHECK((row[i] = CALL1(EPOLL_CREATE1, 0)) >= 0);
    for (; result == 0 && last < (i64)LENGTH(row) - 1; last++)
        result = CALL4(EPOLL_CTL, row[last], EPOLL_CTL_ADD, row[last + 1], &event);
    CHECK(result == -ELOOP && last > 3);
    // One that is too much here has its place elsewhere.
    CHECK(CALL4(EPOLL_CTL, row[0], EPOLL_CTL_ADD, row[last], &event) == 0);
    for (u64 i = 0; i < LENGTH(row); i++)
        CALL1(CLOSE, row[i]);
}

// A part of a large page is not given back, and what is given back is not seen any more.
static void part_of_a_large_page(void)
{
    u8 *first = map(LARGE, READ_RIGHT | WRITE_RIGHT, MAP_PRIVATE | MAP_LARGE), *second;

    first[0] = 1;
    first[PAGE] = 2;
    CHECK(CALL3(MADVISE, first, PAGE, DONT_NEED) == 0 && first[PAGE] == 2);
    second = map(LARGE, READ_RIGHT | WRITE_RIGHT, MAP_PRIVATE | MAP_LARGE);
    second[0] = 7;
    first[0] = 9;
    CHECK(second[0] == 7);
    CHECK(CALL3(MADVISE, first, LARGE, DONT_NEED) == 0 && first[0] == 0 && first[PAGE] == 0);
    CHECK(CALL2(MUNMAP, first, LARGE) == 0 && CALL2(MUNMAP, second, LARGE) == 0);
}

// What is no signal is not sent when a child ends.
static void no_such_signal(void)
{
    u32 status;

    for (u64 signal = 65; signal < 256; signal += 10) {
        i64 child = CALL1(CLONE, signal);
        CHECK(child >= 0);
        if (child == 0)
            CALL1(EXIT_GROUP, 3);
        CHECK(CALL4(WAIT4, child, &status, 0x40000000, 0) == child && status == 3 << 8); // __WALL
    }
}

static void write_file(const char *path, const void *bytes, u64 size)
{
    i64 file = CALL4(OPENAT, HERE, path, CREATE_ONLY_WRITE, 0755);

    CHECK(file >= 0 && CALL3(WRITE, file, bytes, size) == (i64)size && CALL1(CLOSE, file) == 0);
}

static volatile bool stop;
static volatile u64 rounds;

static void go_on(u64 unused)
{
    (void)unused;
    for (; !stop; rounds++)
        CALL1(YIELD, 0);
}

// A program whose interpreter is a FIFO, as nobody opens its other end: the call fails at once, and the other
// threads never see the memory of the new program.
static void interpreter_that_waits(void)
{
    static u64 header[64 + 8];
    char *words[] = { "bad", NULL };
    u32 tid;

    CHECK(CALL3(MKNODAT, HERE, "/tmp/wait", S_IFIFO | 0600) == 0);
    memcpy(header, "\177ELF\2\1\1", 7);
    header[2] = 2 | 243 << 16;           // an executable file for RISC-V
    header[4] = 64;                      // where its segments are
    header[6] = 64UL << 32 | 56UL << 48; // sizes of the header and of a segment
    header[7] = 1;                       // how many segments
    header[8] = 3;                       // PT_INTERP
    header[9] = 512;
    header[12] = 10;
    memcpy(header + 64, "/tmp/wait", 10);
    write_file("/tmp/bad", header, sizeof(header));
    thread(go_on, 0, &tid);
    while (rounds < 3)
        CALL1(YIELD, 0);
    CHECK(CALL3(EXECVE, "/tmp/bad", words, words + 1) == -EACCES);
    u64 before = rounds;
    while (rounds < before + 3)
        CALL1(YIELD, 0);
    stop = true;
    join(&tid);
}

// By its descriptor anything can be asked to be a program.
static void descriptors_as_programs(void)
{
    char path[] = "/proc/self/fd/0", *words[] = { "x", NULL };
    i64 events = CALL2(EVENTFD2, 0, 0), file = CALL2(MEMFD_CREATE, "m", 0);

    CHECK(events > 0 && events < 10 && file > 0 && file < 10);
    path[14] = '0' + events;
    CHECK(CALL3(EXECVE, path, words, words + 1) == -EACCES);
    path[14] = '0' + file;
    CHECK(CALL2(52, file, 0755) == 0); // fchmod
    CHECK(CALL3(WRITE, file, "\177ELF", 4) == 4);
    CHECK(CALL3(EXECVE, path, words, words + 1) < 0);
    CALL1(CLOSE, events);
    CALL1(CLOSE, file);
}

int main(void)
{
    links_to_nothing();
    epolls_from_above();
    part_of_a_large_page();
    no_such_signal();
    interpreter_that_waits();
    descriptors_as_programs();
    say("corners: the kernel came out of each\n");
    return 0;
}
