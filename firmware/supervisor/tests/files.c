// Mappings of files against a model: shared ones agree with each other, with read and write, and between
// processes; private ones keep their own; what lies behind the file's end is a SIGBUS.  The argument is how
// many steps.

#include "test.h"

enum { PAGES = 32, WINDOWS = 4, REACH = 8 };

static i64 file;
static u64 state = 5;
static u8 model[PAGES];
static u64 length = PAGES;     // of the file, in pages

static struct { u8 *at; u64 first; bool shared, stored[REACH]; u8 own[REACH]; } windows[WINDOWS];

static volatile u64 bus_address;

static void skip(i32 signal, struct information *information, struct signal_context *context)
{
    CHECK(signal == SIGBUS);
    bus_address = information->address;
    context->registers[0] += 4;
}

// A load or a store that may fault.
static bool reached(u8 *at, u8 *value, bool store)
{
    u64 byte = *value;

    bus_address = 0;
    if (store)
        asm volatile(".option push\n .option norvc\n sb %0, 0(%1)\n .option pop" : : "r"(byte), "r"(at) : "memory");
    else
        asm volatile(".option push\n .option norvc\n lbu %0, 0(%1)\n .option pop" : "+r"(byte) : "r"(at) : "memory");
    CHECK(bus_address == 0 || bus_address == (u64)at);
    *value = byte;
    return bus_address == 0;
}

static void open_window(u64 number)
{
    if (windows[number].at != NULL)
        CHECK(CALL2(MUNMAP, windows[number].at, REACH * PAGE) == 0);
    u64 first = random(&state) % (PAGES - REACH);
    bool shared = random(&state) % 2 == 0;
    i64 at = CALL6(MMAP, 0, REACH * PAGE, READ_RIGHT | WRITE_RIGHT, shared ? MAP_SHARED : MAP_PRIVATE, file, first * PAGE);
    CHECK(at > 0);
    windows[number].at = (u8 *)at;
    windows[number].first = first;
    windows[number].shared = shared;
    for (u64 i = 0; i < REACH; i++)
        windows[number].stored[i] = false;
}

static void use_window(u64 number)
{
    u64 page = random(&state) % REACH, in_file = windows[number].first + page;
    u8 *at = windows[number].at + page * PAGE + 7, value = random(&state);
    bool shared = windows[number].shared, own = windows[number].stored[page];

    if (random(&state) % 2 == 0) {
        bool there = reached(at, &value, false);
        CHECK(there == (in_file < length));
        if (there)
            CHECK(value == (own ? windows[number].own[page] : model[in_file]));
    } else {
        CHECK(reached(at, &value, true) == (in_file < length));
        if (in_file >= length)
            return;
        if (shared) {
            model[in_file] = value;
        } else {
            windows[number].stored[page] = true;
            windows[number].own[page] = value;
        }
    }
}

static void use_file(void)
{
    u64 page = random(&state) % PAGES;
    u8 value = random(&state), seen;

    CHECK(CALL4(PREAD64, file, &seen, 1, page * PAGE + 7) == (page < length));
    if (page >= length)
        return;
    CHECK(seen == model[page]);
    CHECK(CALL4(PWRITE64, file, &value, 1, page * PAGE + 7) == 1);
    model[page] = value;
}

static void change_length(void)
{
    u64 after = 1 + random(&state) % PAGES;

    CHECK(CALL2(FTRUNCATE, file, after * PAGE) == 0);
    for (u64 page = after; page < PAGES; page++) {
        model[page] = 0;
        // What a private mapping has of pages that are cut off is gone too.
        for (u64 i = 0; i < WINDOWS; i++)
            if (page >= windows[i].first && page < windows[i].first + REACH)
                windows[i].stored[page - windows[i].first] = false;
    }
    length = after;
}

static void check_all(void)
{
    for (u64 i = 0; i < WINDOWS; i++)
        for (u64 page = 0; page < REACH; page++) {
            u8 value = 0;
            bool there = reached(windows[i].at + page * PAGE + 7, &value, false);
            u64 in_file = windows[i].first + page;
            CHECK(there == (in_file < length));
            if (there)
                CHECK(value == (windows[i].stored[page] ? windows[i].own[page] : model[in_file]));
        }
}

// A child sees what its parent sees; its stores to shared windows come back, those to private ones do not.
static void use_child(void)
{
    u32 status;
    u8 value = random(&state);
    i64 child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        check_all();
        for (u64 i = 0; i < WINDOWS; i++)
            if (windows[i].first < length)
                reached(windows[i].at + 7, &value, true);
        CALL1(EXIT_GROUP, 5);
    }
    CHECK(wait_for(child, &status) == child && status == 5 << 8);
    for (u64 i = 0; i < WINDOWS; i++)
        if (windows[i].first < length && windows[i].shared)
            model[windows[i].first] = value;
}

int main(int count, char **words)
{
    u64 steps = count > 1 ? number_of(words[1]) : 4000;

    on_signal(SIGBUS, skip, 0);
    file = CALL4(OPENAT, HERE, "/tmp/files", O_CREAT | O_RDWR | O_TRUNC, 0600);
    CHECK(file >= 0 && CALL2(FTRUNCATE, file, PAGES * PAGE) == 0);
    for (u64 i = 0; i < WINDOWS; i++)
        open_window(i);
    for (u64 i = 0; i < steps; i++) {
        u64 what = random(&state) % 64;
        if (what == 0)
            change_length();
        else if (what < 4)
            open_window(random(&state) % WINDOWS);
        else if (what < 12)
            use_file();
        else if (what == 12)
            use_child();
        else if (what == 13)
            CHECK(CALL3(MSYNC, windows[0].at, REACH * PAGE, 4) == 0 || length < windows[0].first + REACH);
        else
            use_window(random(&state) % WINDOWS);
    }
    check_all();
    CHECK(CALL3(UNLINKAT, HERE, "/tmp/files", 0) == 0);
    say("files: %d steps, each window as the model says\n", steps);
    return 0;
}
