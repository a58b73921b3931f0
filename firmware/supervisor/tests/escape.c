// Tries to get out of the folders that it is given, /one and /two, beside those ways that are in
// firmware/programs/outside.c: by chains of links, by links that change while they are walked, by descriptors
// of folders that move or go, from one folder to the other, by odd names, by nodes that are no files.  The
// host's side of it is in tests/programs/escape.rs.  The argument says which part.

#include "test.h"

enum { O_WRONLY = 1, RENAME_EXCHANGE = 2, REMOVE_FOLDER = 0x200 };

static char text[4096];

static i64 open(const char *path, u64 flags)
{
    return CALL4(OPENAT, HERE, path, flags, 0600);
}

// Fails if this file can be opened and is not one of the program's own.
static void secret(i64 folder, const char *path, u64 flags)
{
    i64 file = CALL4(OPENAT, folder, path, flags, 0600), got;

    if (file < 0)
        return;
    got = CALL3(READ, file, text, sizeof(text));
    for (i64 i = 0; i + 6 <= got; i++)
        if (text[i] == 's' && text[i + 1] == 'e' && text[i + 2] == 'c' && text[i + 3] == 'r')
            fail(path, __LINE__);
    CALL1(CLOSE, file);
}

static void chains(void)
{
    static const char *const links[][2] = {
        { "../outside", "a" }, { "a", "b" }, { "./b/../../outside", "c" }, { "/one/../../outside", "d" },
        { "/proc/self/cwd/../outside", "e" }, { "/proc/1/root/outside", "f" }, { "/proc/self/fd/3/../outside", "g" },
        { "x/../y", "x" }, { "x", "y" }, { "../two/../../outside", "h" }, { "//..//../outside/.", "i" },
    };
    static const char *const ways[] = {
        "a/secret", "b/secret", "c/secret", "d/secret", "e/secret", "f/secret", "g/secret", "h/secret", "i/secret",
        "a/../secret", "a/../outside/secret", "x/secret", "deep/deep/../../../outside/secret", "../../outside/secret",
        "inside/../../outside/secret", "absolute", "relative", "absolute/", "relative/.", "above/secret",
    };
    i64 folder = open("/one", O_DIRECTORY);

    CHECK(folder == 3 && CALL1(FCHDIR, folder) == 0);
    for (u64 i = 0; i < LENGTH(links); i++)
        CHECK(CALL3(SYMLINKAT, links[i][0], folder, links[i][1]) == 0);
    CHECK(CALL3(MKDIRAT, folder, "deep", 0700) == 0 && CALL3(MKDIRAT, folder, "deep/deep", 0700) == 0);
    for (u64 i = 0; i < LENGTH(ways); i++) {
        secret(folder, ways[i], 0);
        secret(HERE, ways[i], O_RDWR);
        secret(folder, ways[i], O_CREAT | O_RDWR);
        CALL2(TRUNCATE, ways[i], 0);
        CALL3(UNLINKAT, folder, ways[i], i % 2 == 0 ? 0 : REMOVE_FOLDER);
    }
    CHECK(open("/one/x/secret", 0) < 0);
    for (u64 i = 0; i < LENGTH(links); i++)
        CALL3(UNLINKAT, folder, links[i][1], 0);
    CALL1(CLOSE, folder);
}

// One process exchanges a folder and a link to the outside, the other opens files in it.
static void swapped(void)
{
    static const char *const ways[] = { "/one/flip/secret", "/one/flip/../outside/secret", "/one/flip/../flip/secret" };
    u32 status;

    CHECK(CALL3(MKDIRAT, HERE, "/one/flip", 0700) == 0);
    CHECK(CALL3(SYMLINKAT, "../outside", HERE, "/one/flop") == 0);
    i64 child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        for (u64 i = 0; i < 60; i++) {
            i64 made = CALL5(RENAMEAT2, HERE, "/one/flip", HERE, "/one/flop", RENAME_EXCHANGE);
            if (made < 0) {
                CALL5(RENAMEAT2, HERE, "/one/flip", HERE, "/one/flap", 0);
                CALL5(RENAMEAT2, HERE, "/one/flop", HERE, "/one/flip", 0);
                CALL5(RENAMEAT2, HERE, "/one/flap", HERE, "/one/flop", 0);
            }
            CALL1(YIELD, 0);
        }
        CALL1(EXIT_GROUP, 0);
    }
    for (u64 i = 0; i < 120; i++) {
        secret(HERE, ways[i % LENGTH(ways)], i % 2 == 0 ? 0 : O_RDWR);
        secret(HERE, "/one/flip/new", O_CREAT | O_RDWR);
    }
    CHECK(wait_for(child, &status) == child && status == 0);
}

// Folders that are moved or removed while a descriptor names them.
static void moved(void)
{
    CHECK(CALL3(MKDIRAT, HERE, "/one/p", 0700) == 0 && CALL3(MKDIRAT, HERE, "/one/p/q", 0700) == 0);
    i64 folder = open("/one/p/q", O_DIRECTORY);
    CHECK(folder >= 0 && CALL1(FCHDIR, folder) == 0);
    CHECK(CALL5(RENAMEAT2, HERE, "/one/p/q", HERE, "/one/q", 0) == 0);
    static const char *const ways[] = {
        "../outside/secret", "../../outside/secret", "../../../outside/secret", "../q/../../outside/secret",
    };
    for (u64 i = 0; i < LENGTH(ways); i++) {
        secret(folder, ways[i], 0);
        secret(HERE, ways[i], O_RDWR | O_CREAT);
    }
    CHECK(CALL3(UNLINKAT, HERE, "/one/q", REMOVE_FOLDER) == 0);
    for (u64 i = 0; i < LENGTH(ways); i++) {
        secret(folder, ways[i], 0);
        secret(HERE, ways[i], O_RDWR | O_CREAT);
    }
    CHECK(CALL4(OPENAT, folder, "new", O_CREAT | O_RDWR, 0600) < 0);
    CHECK(CALL3(MKDIRAT, folder, "new", 0700) < 0);
    CHECK(CALL3(SYMLINKAT, "/", folder, "new") < 0);
    // A folder into itself.
    CHECK(CALL5(RENAMEAT2, HERE, "/one/p", HERE, "/one/p/p", 0) == -EINVAL);
    CHECK(CALL1(CHDIR, "/") == 0);
    CALL1(CLOSE, folder);
}

static void across(void)
{
    static const u64 flags[] = { 0, 1, RENAME_EXCHANGE };

    for (u64 i = 0; i < LENGTH(flags); i++) {
        CHECK(CALL5(RENAMEAT2, HERE, "/one/inside", HERE, "/two/inside", flags[i]) < 0);
        CHECK(CALL5(RENAMEAT2, HERE, "/two/other", HERE, "/one/other", flags[i]) < 0);
        CHECK(CALL5(RENAMEAT2, HERE, "/one", HERE, "/two/one", flags[i]) < 0);
        CHECK(CALL5(RENAMEAT2, HERE, "/one", HERE, "/elsewhere", flags[i]) < 0);
        CHECK(CALL5(RENAMEAT2, HERE, "/one/..", HERE, "/one/up", flags[i]) < 0);
        CHECK(CALL5(RENAMEAT2, HERE, "/one/.", HERE, "/one/here", flags[i]) < 0);
    }
    CHECK(CALL5(LINKAT, HERE, "/one/inside", HERE, "/two/linked", 0) < 0);
    CHECK(CALL5(LINKAT, HERE, "/two/other", HERE, "/one/linked", 0) < 0);
    CHECK(CALL5(LINKAT, HERE, "/proc/self/exe", HERE, "/one/linked", 0x400) < 0); // AT_SYMLINK_FOLLOW
    CHECK(CALL5(LINKAT, HERE, "/one", HERE, "/one/linked", 0) < 0);
    CHECK(CALL3(UNLINKAT, HERE, "/one", REMOVE_FOLDER) < 0);
    CHECK(CALL3(UNLINKAT, HERE, "/one/..", REMOVE_FOLDER) < 0);
    CHECK(CALL3(UNLINKAT, HERE, "/one/.", REMOVE_FOLDER) < 0);
}

static void processes(void)
{
    i64 inside = open("/one/inside", 0), folder = open("/one", O_DIRECTORY);

    CHECK(inside >= 0 && folder >= 0 && CALL1(CHDIR, "/one") == 0);
    static const char *const ways[] = {
        "/proc/self/root/../outside/secret", "/proc/self/cwd/../outside/secret", "/proc/self/cwd/above/secret",
        "/proc/self/root/one/absolute", "/proc/1/cwd/../outside/secret", "/proc/self/exe/../../outside/secret",
        "/proc/self/fd/../cwd/../outside/secret", "/proc/self/fd/4/../outside/secret", "/proc/self/fd/4/above/secret",
        "/proc/self/fd/3/../outside/secret", "/dev/fd/4/../outside/secret", "/proc/self/task/1/root/outside/secret",
        "/proc/thread-self/root/outside/secret", "/proc/self/mem", "/proc/kcore", "/dev/kmem", "/proc/1/fd/4/above/secret",
    };
    for (u64 i = 0; i < LENGTH(ways); i++) {
        secret(HERE, ways[i], 0);
        secret(folder, ways[i], O_RDWR);
    }
    // What a link of /proc names is the guest's name, never the host's.
    i64 length = CALL4(READLINKAT, HERE, "/proc/self/cwd", text, sizeof(text));
    CHECK(length < 0 || (length == 4 && text[0] == '/' && text[1] == 'o' && text[2] == 'n' && text[3] == 'e'));
    CALL1(CHDIR, "/");
    CALL1(CLOSE, inside);
    CALL1(CLOSE, folder);
}

// A FIFO and a socket that the host has there, and those that it tries to make.
static void nodes(void)
{
    static const char *const there[] = { "/one/fifo", "/one/socket" };
    static const u64 flags[] = { 0, O_WRONLY, O_RDWR, O_RDWR | O_CREAT, O_WRONLY | O_TRUNC };
    static const u64 kinds[] = { 0010600, 0020600, 0060600, 0140600 };

    for (u64 i = 0; i < LENGTH(there); i++)
        for (u64 j = 0; j < LENGTH(flags); j++)
            CHECK(open(there[i], flags[j]) < 0);
    for (u64 i = 0; i < LENGTH(kinds); i++) {
        i64 made = CALL4(MKNODAT, HERE, "/one/node", kinds[i], 0x103); // as /dev/null
        CHECK(made < 0 || open("/one/node", O_RDWR) < 0);
        CALL3(UNLINKAT, HERE, "/one/node", 0);
    }
}

// Names that a text protocol, a shell or a list of settings would trip over.
static void odd_names(void)
{
    static const char *const fine[] = {
        "/one/a\nmount dir0 ", "/one/ ", "/one/...", "/one/-rf", "/one/*", "/one/\\..\\outside", "/one/%2e%2e", "/one/\xff\xfe",
        "/one/\x01", "/one/a\rb", "/one/..\n", "/one/..a", "/one/~", "/one/$HOME", "/one/\t",
    };
    static const char *const wrong[] = { "", "/one/", "/one/.", "/one/..", "/one/deep/..", "/", ".", ".." };

    for (u64 i = 0; i < LENGTH(fine); i++) {
        i64 file = open(fine[i], O_CREAT | O_RDWR);
        CHECK(file >= 0 && CALL3(WRITE, file, "x", 1) == 1 && CALL1(CLOSE, file) == 0);
        CHECK((file = open(fine[i], 0)) >= 0 && CALL3(READ, file, text, 2) == 1 && CALL1(CLOSE, file) == 0);
        CHECK(CALL3(UNLINKAT, HERE, fine[i], 0) == 0);
    }
    for (u64 i = 0; i < LENGTH(wrong); i++) {
        CHECK(open(wrong[i], O_CREAT | O_RDWR) < 0);
        CHECK(CALL3(MKDIRAT, HERE, wrong[i], 0700) < 0);
        CHECK(CALL3(SYMLINKAT, "/", HERE, wrong[i]) < 0);
        CHECK(CALL3(UNLINKAT, HERE, wrong[i], 0) < 0);
        CHECK(CALL5(RENAMEAT2, HERE, "/one/inside", HERE, wrong[i], 0) < 0);
    }
    // The longest that there are on the host.
    for (u64 i = 0; i < 300; i++)
        text[i] = 'n';
    memcpy(text, "/one/", 5);
    for (u64 length = 255; length < 258; length++) {
        text[5 + length] = 0;
        i64 file = open(text, O_CREAT | O_RDWR);
        CHECK(length == 255 ? file >= 0 : file == -ENAMETOOLONG);
        CHECK(length == 255 || CALL3(MKDIRAT, HERE, text, 0700) == -ENAMETOOLONG);
        if (file >= 0)
            CHECK(CALL1(CLOSE, file) == 0 && CALL3(UNLINKAT, HERE, text, 0) == 0);
        text[5 + length] = 'n';
    }
}

// The host swaps /one/turning for a link to the outside and back, all the time.
static void raced(void)
{
    static const char *const ways[] = { "/one/turning/secret", "/one/turning/deep/../../outside/secret" };

    say("ready\n");
    for (u64 i = 0; i < 1500; i++) {
        secret(HERE, ways[i % LENGTH(ways)], i % 2 == 0 ? 0 : O_RDWR);
        secret(HERE, "/one/turning/new", O_CREAT | O_RDWR);
        CALL3(MKDIRAT, HERE, "/one/turning/made", 0700);
        CALL3(SYMLINKAT, "/", HERE, "/one/turning/link");
        CALL5(RENAMEAT2, HERE, "/one/turning/new", HERE, "/one/turning/renamed", 0);
        CALL3(UNLINKAT, HERE, "/one/turning/secret", 0);
    }
}

// The host moves /one/leaving to the outside while a descriptor names it.
static void taken_out(void)
{
    i64 folder = open("/one/leaving", O_DIRECTORY);

    CHECK(folder >= 0 && CALL1(FCHDIR, folder) == 0);
    say("ready\n");
    CHECK(CALL3(READ, 0, text, 1) == 1);
    static const char *const ways[] = { "../secret", "../outside/secret", "../../outside/secret", "deep/../../secret" };
    for (u64 i = 0; i < LENGTH(ways); i++) {
        secret(folder, ways[i], 0);
        secret(HERE, ways[i], O_RDWR);
    }
    CALL1(CHDIR, "..");
    secret(HERE, "secret", 0);
    CALL4(OPENAT, HERE, "made-outside", O_CREAT | O_RDWR, 0600);
    CALL3(UNLINKAT, HERE, "secret", 0);
}

int main(int count, char **words)
{
    char part = count > 1 ? words[1][0] : 0;

    if (part == 'r') {
        raced();
    } else if (part == 't') {
        taken_out();
    } else {
        chains();
        swapped();
        moved();
        across();
        processes();
        nodes();
        odd_names();
    }
    say("escape: nothing is out\n");
    return 0;
}
