// Lengths, counts and places near every border: 2^31, 2^32, 2^63, 2^64.  Each has the answer that it has on
// Linux, and nothing beside the caller's memory changes.

#include "test.h"

struct iovec { void *base; u64 size; };

enum { PROT = READ_RIGHT | WRITE_RIGHT };

static const u64 huge[] = {
    1UL << 31, (1UL << 32) - 1, 1UL << 32, 1UL << 40, 1UL << 62, (1UL << 63) - 4096, (1UL << 63) - 1, 1UL << 63,
    -(1UL << 32), -8192UL, -4096UL, -4095UL, -1UL,
};
#define NEGATIVE(number) ((i64)(number) < 0)

static i64 file;
static u8 *room; // a page with nothing behind it

static bool is_one_of(i64 result, i64 first, i64 second, i64 third)
{
    return result == -first || result == -second || result == -third;
}

// As much as there is room for is done; a length that is negative is none.
static void read_and_write(void)
{
    for (u64 i = 0; i < LENGTH(huge); i++) {
        i64 got;
        CHECK(CALL2(FTRUNCATE, file, 100) == 0 && CALL3(LSEEK, file, 0, 0) == 0);
        got = CALL3(READ, file, room, huge[i]);
        CHECK((got == 100 && !NEGATIVE(huge[i])) || is_one_of(got, EINVAL, EFAULT, EFAULT));
        CHECK(CALL3(LSEEK, file, 0, 0) == 0);
        got = CALL3(WRITE, file, room, huge[i]);
        CHECK(got == (i64)PAGE || is_one_of(got, EINVAL, EFAULT, EFAULT));
        got = CALL4(PREAD64, file, room, 16, huge[i]);
        CHECK(got == -EINVAL || (got == 0 && !NEGATIVE(huge[i])));
        got = CALL3(GETRANDOM, room, huge[i], 0);
        CHECK(got == (i64)PAGE || is_one_of(got, EINVAL, EFAULT, EFAULT));
    }
}

// A place behind the longest file; the sum of place and length.
static void places(void)
{
    CHECK(CALL4(PWRITE64, file, room, 16, -1UL) == -EINVAL);
    CHECK(is_one_of(CALL4(PWRITE64, file, room, 16, (1UL << 63) - 1), EFBIG, EINVAL, EOVERFLOW));
    CHECK(is_one_of(CALL4(PWRITE64, file, room, 16, (1UL << 63) - 8), EFBIG, EINVAL, EOVERFLOW));
    CHECK(CALL3(LSEEK, file, -1UL, 0) == -EINVAL);
    CHECK(CALL3(LSEEK, file, 1UL << 63, 0) == -EINVAL);
    CHECK(CALL3(LSEEK, file, 8, 0) == 8);
    CHECK(is_one_of(CALL3(LSEEK, file, (1UL << 63) - 1, 1), EOVERFLOW, EINVAL, EINVAL));
    CHECK(CALL2(FTRUNCATE, file, -1UL) == -EINVAL);
    CHECK(CALL2(FTRUNCATE, file, 1UL << 63) == -EINVAL);
    CHECK(CALL4(FALLOCATE, file, 0, -4096UL, 8192) == -EINVAL);
    CHECK(is_one_of(CALL4(FALLOCATE, file, 0, (1UL << 63) - 4096, 8192), EFBIG, EFBIG, EINVAL));
    CHECK(CALL2(FTRUNCATE, file, 100) == 0);
}

static void vectors(void)
{
    static const u64 numbers[] = { READV, WRITEV, PREADV, PWRITEV };
    struct iovec two[2] = { { room, 64 }, { room, 0 } };

    for (u64 i = 0; i < LENGTH(numbers); i++) {
        CHECK(CALL4(numbers[i], file, two, 1025, 0) == -EINVAL);
        for (u64 j = 0; j < LENGTH(huge); j++)
            // Linux takes the low half of a count for some of them.
            if ((u32)huge[j] > 1024)
                CHECK(CALL4(numbers[i], file, two, huge[j], 0) == -EINVAL);
        CHECK(CALL4(numbers[i], file, 0, 0, 0) == 0);
        two[1].size = 1UL << 63;
        CHECK(CALL4(numbers[i], file, two, 2, 0) == -EINVAL);
        two[1].size = -1UL;
        CHECK(CALL4(numbers[i], file, two, 2, 0) == -EINVAL);
    }
    CHECK(CALL4(PREADV, file, two, 1, -1UL) == -EINVAL);
}

static void maps(void)
{
    for (u64 i = 0; i < LENGTH(huge); i++) {
        u64 size = huge[i];
        bool fits = size <= 1UL << 32; // it may be there or not
        i64 at = call(MMAP, 0, size, PROT, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(fits ? at > 0 || at == -ENOMEM : at == -ENOMEM || at == -EINVAL);
        if (at > 0)
            CHECK(CALL2(MUNMAP, at, size) == 0);
        at = call(MMAP, (u64)room, size, PROT, MAP_PRIVATE | MAP_ANONYMOUS | 0x100000, -1, 0); // FIXED_NOREPLACE
        CHECK(at < 0);
        // Its end would be behind 2^64.
        CHECK(CALL2(MUNMAP, room, -(u64)room + PAGE) == -EINVAL);
        if (!fits) {
            CHECK(CALL2(MUNMAP, room, size) == -EINVAL);
            CHECK(is_one_of(CALL3(MPROTECT, room, size, 0), ENOMEM, EINVAL, EINVAL));
            CHECK(CALL4(MREMAP, room, PAGE, size, 1) < 0);
            CHECK(CALL4(MREMAP, room, size, PAGE, 1) < 0);
            CHECK(CALL3(MADVISE, room, size, 4) < 0);
            CHECK(CALL3(MSYNC, room, size, 4) < 0);
        }
        // A place in the file that is no page, or too far.
        at = call(MMAP, 0, PAGE, PROT, MAP_SHARED, file, (size & ~(PAGE - 1)) | 1);
        CHECK(at == -EINVAL);
    }
    CHECK(is_one_of(call(MMAP, 0, 2 * PAGE, PROT, MAP_SHARED, file, -PAGE), EOVERFLOW, EINVAL, ENOMEM));
    CHECK(call(MMAP, 0, 0, PROT, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == -EINVAL);
    CHECK(CALL2(MUNMAP, room, 0) == -EINVAL);
    // Mapped where the kernel is, and over the end of the user's half.
    CHECK(call(MMAP, 0xffffffff80200000, PAGE, PROT, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) < 0);
    CHECK(call(MMAP, 0x3ffffff000, 2 * PAGE, PROT, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) < 0);
    CHECK(call(MMAP, -PAGE, 2 * PAGE, PROT, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) < 0);
    CHECK(CALL5(MREMAP, room, PAGE, PAGE, 3, 0xffffffff80200000) < 0);
}

static void lists(void)
{
    i64 folder = CALL4(OPENAT, HERE, "/", O_DIRECTORY, 0), epoll = CALL1(EPOLL_CREATE1, 0);
    u64 time[2] = { 0, 0 }, event[2];

    for (u64 i = 0; i < LENGTH(huge); i++) {
        // Counts are of 32 bits.
        u32 count = huge[i];
        i64 result = CALL5(PPOLL, room, huge[i], time, 0, 8);
        CHECK(result == -EINVAL || (result == 0 && count == 0));
        result = CALL6(EPOLL_PWAIT, epoll, event, huge[i], 0, 0, 8);
        CHECK((i32)count > 0 && (i32)count < 0x7ffffff ? result == 0 : result == -EINVAL);
        CHECK(CALL3(LSEEK, folder, 0, 0) == 0);
        result = CALL3(GETDENTS64, folder, room, huge[i]);
        CHECK((result > 0 && result <= (i64)PAGE) || result == -EINVAL || result == -EFAULT);
        result = CALL2(GETCWD, room, huge[i]);
        CHECK(result == 2 || result == -EFAULT || result == -34); // ERANGE
        result = CALL4(READLINKAT, HERE, "/proc/self/exe", room, huge[i]);
        CHECK((result > 0 && result < (i64)PAGE) || result == -EINVAL);
    }
    CHECK(CALL3(LSEEK, folder, 0, 0) == 0 && CALL3(GETDENTS64, folder, room, 1) == -EINVAL);
    CALL1(CLOSE, folder);
    CALL1(CLOSE, epoll);
}

// Names and paths: one of 255 bytes is allowed, and 4095 for a path.
static void names(void)
{
    u8 *text = map(64 * PAGE, PROT, MAP_PRIVATE);

    for (u64 i = 0; i < 64 * PAGE - 1; i++)
        text[i] = 'x';
    CHECK(CALL4(OPENAT, HERE, text, 0, 0) == -ENAMETOOLONG);
    for (u64 i = 0; i < 64 * PAGE - 1; i += 2)
        text[i] = '/';
    CHECK(CALL4(OPENAT, HERE, text, 0, 0) == -ENAMETOOLONG);
    text[4095] = 0;
    CHECK(CALL4(OPENAT, HERE, text, 0, 0) == -ENOENT);
    text[4095] = '/';
    text[4096] = 0;
    CHECK(CALL4(OPENAT, HERE, text, 0, 0) == -ENAMETOOLONG);
    for (u64 i = 0; i < 300; i++)
        text[i] = 'n';
    memcpy(text, "/tmp/", 5);
    for (u64 length = 254; length < 258; length++) {
        text[5 + length] = 0;
        i64 made = CALL4(OPENAT, HERE, text, O_CREAT | O_RDWR, 0600);
        CHECK(length <= 255 ? made >= 0 : made == -ENAMETOOLONG);
        if (made >= 0)
            CHECK(CALL1(CLOSE, made) == 0 && CALL3(UNLINKAT, HERE, text, 0) == 0);
        CHECK(length <= 255 || CALL3(MKDIRAT, HERE, text, 0700) == -ENAMETOOLONG);
        CHECK(length <= 255 || CALL3(SYMLINKAT, "/", HERE, text) == -ENAMETOOLONG);
        text[5 + length] = 'n';
    }
    // A path that nothing ends.
    CHECK(CALL4(OPENAT, HERE, room + PAGE - 1, 0, 0) == -EFAULT);
    CHECK(CALL2(MUNMAP, text, 64 * PAGE) == 0);
}

// More arguments than there may be.
static void arguments(void)
{
    enum { MANY = 20000 };
    char **words = map((MANY + 1) * sizeof(char *), PROT, MAP_PRIVATE);
    char *long_word = map(600 * PAGE, PROT, MAP_PRIVATE);
    char *few[2] = { long_word, NULL };

    for (u64 i = 0; i < 600 * PAGE - 1; i++)
        long_word[i] = 'w';
    CHECK(CALL3(EXECVE, "/proc/self/exe", few, 0) == -E2BIG);
    CHECK(CALL3(EXECVE, "/proc/self/exe", 0, few) == -E2BIG);
    long_word[100000] = 0;
    for (u64 i = 0; i < MANY; i++)
        words[i] = long_word;
    CHECK(CALL3(EXECVE, "/proc/self/exe", words, 0) == -E2BIG);
}

int main(int count, char **words)
{
    if (count == 0 || words[0][0] == 'w')
        fail("execve took too much", __LINE__);
    u8 *both = map(3 * PAGE, PROT, MAP_PRIVATE);
    u64 *beside = (u64 *)both;

    room = both + PAGE;
    CHECK(CALL2(MUNMAP, room + PAGE, PAGE) == 0);
    for (u64 i = 0; i < 512; i++)
        beside[i] = ~i;
    file = CALL4(OPENAT, HERE, "/tmp/lengths", O_CREAT | O_RDWR | O_TRUNC, 0600);
    CHECK(file >= 0 && CALL1(CHDIR, "/") == 0);
    read_and_write();
    places();
    vectors();
    maps();
    lists();
    for (u64 i = 0; i < PAGE; i++)
        room[i] = 'p';
    names();
    arguments();
    for (u64 i = 0; i < 512; i++)
        CHECK(beside[i] == ~i);
    CHECK(CALL3(UNLINKAT, HERE, "/tmp/lengths", 0) == 0);
    say("lengths: each has an answer\n");
    return 0;
}
