// What is odd but allowed, or stops just short of it: each of these once stopped the machine, or had an
// answer that Linux does not give.

#include "test.h"

enum { EPOLLIN = 1, EPOLL_CTL_ADD = 1, ITIMER_REAL = 0, CLOCK_PROCESS_CPUTIME_ID = 2 };

struct epoll_event { u64 events, data; };
struct iovec { void *base; u64 size; };

static void futex_words_not_on_a_word(void)
{
    static u32 words[4];
    u8 *odd = (u8 *)words + 1;

    CHECK(CALL4(FUTEX, odd, 0, 0, 0) == -EINVAL);
    CHECK(CALL5(FUTEX, words, 5, 1, 1, odd) == -EINVAL); // FUTEX_WAKE_OP writes the second word
    CHECK(CALL5(FUTEX, words, 3, 1, 1, odd) == -EINVAL); // FUTEX_REQUEUE
}

static void epolls_that_watch_each_other(void)
{
    i64 first = CALL1(EPOLL_CREATE1, 0), second = CALL1(EPOLL_CREATE1, 0);
    struct epoll_event event = { EPOLLIN, 0 };

    CHECK(CALL4(EPOLL_CTL, first, EPOLL_CTL_ADD, first, &event) == -EINVAL);
    CHECK(CALL4(EPOLL_CTL, first, EPOLL_CTL_ADD, second, &event) == 0);
    CHECK(CALL4(EPOLL_CTL, second, EPOLL_CTL_ADD, first, &event) == -ELOOP);
    CHECK(CALL4(EPOLL_PWAIT, first, &event, 1, 1) == 0);
    // A chain of them ends somewhere.
    i64 chain[40], refused = 0;
    for (u64 i = 0; i < LENGTH(chain); i++) {
        chain[i] = CALL1(EPOLL_CREATE1, 0);
        CHECK(chain[i] >= 0);
        event.events = EPOLLIN;
        if (i > 0 && refused == 0)
            refused = CALL4(EPOLL_CTL, chain[i], EPOLL_CTL_ADD, chain[i - 1], &event);
    }
    CHECK(refused == -ELOOP);
    for (u64 i = 0; i < LENGTH(chain); i++) {
        CHECK(CALL4(EPOLL_PWAIT, chain[i], &event, 1, 0) == 0);
        CHECK(CALL1(CLOSE, chain[i]) == 0);
    }
    CALL1(CLOSE, first);
    CALL1(CLOSE, second);
}

static i64 watching;
static volatile i64 answer;

static void wait_for_event(u64 unused)
{
    struct epoll_event event;

    (void)unused;
    answer = CALL4(EPOLL_PWAIT, watching, &event, 1, -1);
}

// New objects get the memory of what was closed, if it was given back too early.
static void use_memory(void)
{
    i32 ends[2], eight[8];

    for (u64 i = 0; i < 8; i++) {
        eight[i] = CALL2(EVENTFD2, i + 1, O_NONBLOCK);
        CHECK(CALL2(PIPE2, ends, 0) == 0 && CALL3(WRITE, ends[1], "abcdefgh", 8) == 8);
        CALL1(CLOSE, ends[0]);
        CALL1(CLOSE, ends[1]);
    }
    for (u64 i = 0; i < 8; i++) {
        u64 count = 0;
        CHECK(CALL3(READ, eight[i], &count, 8) == 8 && count == i + 1);
        CALL1(CLOSE, eight[i]);
    }
}

static void epoll_closed_while_it_waits(void)
{
    struct epoll_event event = { EPOLLIN, 0 };
    i32 ends[2];
    u32 tid;

    watching = CALL1(EPOLL_CREATE1, 0);
    CHECK(CALL2(PIPE2, ends, 0) == 0);
    CHECK(CALL4(EPOLL_CTL, watching, EPOLL_CTL_ADD, ends[0], &event) == 0);
    thread(wait_for_event, 0, &tid);
    rest(2000);
    CHECK(CALL1(CLOSE, watching) == 0);
    use_memory();
    CHECK(CALL3(WRITE, ends[1], "x", 1) == 1);
    join(&tid);
    CHECK(answer == 1);
    CALL1(CLOSE, ends[0]);
    CALL1(CLOSE, ends[1]);
}

// Two pipes are two files, by their descriptors and by the names of these.
static void pipes_by_name(void)
{
    static char names[2][16] = { "/dev/fd/", "/dev/fd/" };
    u64 by_name[2][16], by_number[2][16];
    i32 ends[2][2];

    for (u64 i = 0; i < 2; i++) {
        CHECK(CALL2(PIPE2, ends[i], 0) == 0 && ends[i][0] < 10);
        names[i][8] = (char)('0' + ends[i][0]);
        CHECK(CALL4(NEWFSTATAT, HERE, names[i], by_name[i], 0) == 0);
        CHECK(CALL2(FSTAT, ends[i][0], by_number[i]) == 0);
        CHECK(by_name[i][1] == by_number[i][1]);
    }
    CHECK(by_name[0][1] != by_name[1][1]);
    for (u64 i = 0; i < 2; i++) {
        CALL1(CLOSE, ends[i][0]);
        CALL1(CLOSE, ends[i][1]);
    }
}

enum { LONG = 70000 };
static u8 *bytes;

static void write_long(u64 to)
{
    struct iovec two[2] = { { bytes, LONG }, { bytes, LONG } };

    answer = CALL3(WRITEV, to, two, 2);
}

static void pipe_closed_while_it_is_written(void)
{
    i32 ends[2];
    u32 tid;
    i64 got, sum = 0;

    bytes = map(2 * LONG, READ_RIGHT | WRITE_RIGHT, MAP_PRIVATE);
    CHECK(CALL2(PIPE2, ends, 0) == 0);
    thread(write_long, ends[1], &tid);
    rest(2000);
    CHECK(CALL1(CLOSE, ends[1]) == 0);
    use_memory();
    while ((got = CALL3(READ, ends[0], bytes + LONG, LONG)) > 0)
        sum += got;
    CHECK(got == 0 && sum == 2 * LONG);
    join(&tid);
    CHECK(answer == 2 * LONG);
    CALL1(CLOSE, ends[0]);
}

static void folder_that_was_removed(void)
{
    i64 folder;
    char name[8];

    CALL3(MKDIRAT, HERE, "/tmp/edges", 0755);
    CHECK(CALL1(CHDIR, "/tmp/edges") == 0);
    folder = CALL4(OPENAT, HERE, ".", O_DIRECTORY, 0);
    CHECK(folder >= 0 && CALL3(UNLINKAT, HERE, "../edges", 0x200) == 0); // AT_REMOVEDIR
    i64 file = CALL4(OPENAT, HERE, "/tmp/edge", O_CREAT | O_RDWR, 0600);
    CHECK(file >= 0);
    for (u64 i = 0; i < 2; i++) {
        i64 from = i == 0 ? HERE : folder;
        CHECK(CALL3(MKDIRAT, from, "new", 0755) == -ENOENT);
        CHECK(CALL4(OPENAT, from, "new", O_CREAT | O_RDWR, 0600) == -ENOENT);
        CHECK(CALL3(SYMLINKAT, "/", from, "new") == -ENOENT);
        CHECK(CALL4(MKNODAT, from, "new", 0100600, 0) == -ENOENT);
        CHECK(CALL5(LINKAT, HERE, "/tmp/edge", from, "new", 0) == -ENOENT);
        CHECK(CALL5(RENAMEAT2, HERE, "/tmp/edge", from, "new", 0) == -ENOENT);
    }
    CHECK(CALL2(GETCWD, name, sizeof(name)) == -ENOENT);
    CHECK(CALL1(CHDIR, "/") == 0);
    CALL1(CLOSE, folder);
    CALL1(CLOSE, file);
    CHECK(CALL3(UNLINKAT, HERE, "/tmp/edge", 0) == 0);
}

static volatile u64 alarms;

static void alarm(i32 signal, struct information *information, struct signal_context *context)
{
    (void)signal;
    (void)information;
    (void)context;
    alarms++;
}

// The handler takes longer than the interval: the program still gets on.
static void alarms_without_end(void)
{
    u64 timer[4] = { 0, 1, 0, 1 }, off[4] = { 0, 0, 0, 0 };

    on_signal(SIGALRM, alarm, 0);
    CHECK(CALL3(SETITIMER, ITIMER_REAL, timer, 0) == 0);
    for (volatile u64 i = 0; i < 100000; i++) {}
    CHECK(CALL3(SETITIMER, ITIMER_REAL, off, 0) == 0);
    CHECK(alarms > 0);
}

static void sleep_is_no_work(void)
{
    u64 before[2], after[2];

    CHECK(CALL2(CLOCK_GETTIME, CLOCK_PROCESS_CPUTIME_ID, before) == 0);
    rest(300000);
    CHECK(CALL2(CLOCK_GETTIME, CLOCK_PROCESS_CPUTIME_ID, after) == 0);
    CHECK((after[0] - before[0]) * 1000000000 + after[1] - before[1] < 100000000);
}

int main(void)
{
    futex_words_not_on_a_word();
    epolls_that_watch_each_other();
    epoll_closed_while_it_waits();
    pipes_by_name();
    pipe_closed_while_it_is_written();
    folder_that_was_removed();
    alarms_without_end();
    sleep_is_no_work();
    i64 end = CALL1(BRK, 0);
    CHECK(CALL1(BRK, -1) == end && CALL1(BRK, 1) == end);
    say("edges: each has the answer that Linux gives\n");
    return 0;
}
