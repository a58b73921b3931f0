// Tries to reach what lies outside the folder that it is given, and says what became of it. Its
// arguments: the folder, as it sees it, and the absolute path of the file that it must not reach.
//
// The folder has `absolute`, `relative` and `above`, links to that file, that file and the folder
// it is in; and a file `inside`.

#include "linux.h"

static char path[1 << 20];
static char buffer[256];
static const char *folder;
static int reached;

// FOLDER/NAME
static const char *in(const char *name)
{
    u64 at = length(folder);

    for (u64 i = 0; i < at; i++)
        path[i] = folder[i];
    path[at++] = '/';
    for (u64 i = 0; i <= length(name); i++)
        path[at + i] = name[i];
    return path;
}

// A call that must fail.
static void refused(const char *what, s64 got)
{
    put(got < 0 ? "refused " : "REACHED ");
    put(what);
    put(" ");
    put_number(got);
    put("\n");
    reached |= got >= 0;
}

// A call that may do as it likes, as long as it comes back.
static void survived(const char *what, s64 got)
{
    put("survived ");
    put(what);
    put(" ");
    put_number(got);
    put("\n");
}

// A file that must not be opened, or have nothing of the secret in it.
static void secret(const char *what, const char *name, int flags)
{
    s64 file = call4(SYS_openat, AT_FDCWD, name, flags, 0600);
    s64 got;

    if (file < 0) {
        refused(what, file);
        return;
    }
    got = call3(SYS_read, file, buffer, sizeof(buffer));
    for (s64 i = 0; i + 6 <= got; i++) {
        if (buffer[i] == 's' && buffer[i + 1] == 'e' && buffer[i + 2] == 'c' && buffer[i + 3] == 'r'
            && buffer[i + 4] == 'e' && buffer[i + 5] == 't') {
            put("SECRET ");
            reached = 1;
        }
    }
    // A file of that name in its own name space is no harm; the test looks at the host's.
    survived(what, got);
    call1(SYS_close, file);
}

static void by_names(const char *hidden)
{
    secret("the path", hidden, O_RDONLY);
    secret("the path, to write", hidden, O_WRONLY);
    secret("dot dot", in("../outside/secret"), O_RDONLY);
    secret("many dots", in("../../../../../../../../outside/secret"), O_RDONLY);
    secret("dots inside", in("nothing/../../outside/secret"), O_RDONLY);
    secret("a link to the path", in("absolute"), O_RDONLY);
    secret("a link to the path, to write", in("absolute"), O_WRONLY | O_TRUNC);
    secret("a link with dots", in("relative"), O_RDONLY);
    secret("a link with dots, to make it", in("relative"), O_WRONLY | O_CREAT);
    secret("a link above", in("above/secret"), O_RDONLY);
    secret("the root of a process", "/proc/self/root/outside/secret", O_RDONLY);
    secret("the directory of a process", "/proc/self/cwd/../outside/secret", O_RDONLY);
    secret("another process", "/proc/1/root/outside/secret", O_RDONLY);
    secret("memory", "/dev/mem", O_RDWR);
    secret("a disk", "/dev/vda", O_RDWR);
    refused("to look behind a link", call4(SYS_openat, AT_FDCWD, in("above"), O_DIRECTORY, 0));
}

static void by_directories(void)
{
    s64 here = call4(SYS_openat, AT_FDCWD, folder, O_DIRECTORY, 0);

    if (here < 0) {
        // There is none.
        survived("the folder itself", here);
        return;
    }
    secret("a directory", "outside/secret", O_RDONLY);
    for (int i = 0; i < 3; i++) {
        s64 file = call4(SYS_openat, here, "../outside/secret", O_RDONLY, 0);

        refused("below a directory", file);
        call1(SYS_chdir, "..");
    }
    call1(SYS_fchdir, here);
    secret("from within", "../outside/secret", O_RDONLY);
    secret("from within, over a link", "above/secret", O_RDONLY);
    call1(SYS_chroot, ".");
    for (int i = 0; i < 20; i++)
        call1(SYS_chdir, "..");
    secret("a root of its own", "outside/secret", O_RDONLY);
    call1(SYS_fchdir, here);
}

static void by_changes(const char *hidden)
{
    static char second[4096];
    const char *above = in("../outside/secret");
    u64 i;

    for (i = 0; above[i] != 0; i++)
        second[i] = above[i];
    second[i] = 0;
    refused("a hard link", call5(SYS_linkat, AT_FDCWD, second, AT_FDCWD, in("linked"), 0));
    refused("a hard link to the path", call5(SYS_linkat, AT_FDCWD, hidden, AT_FDCWD, in("linked"), 0));
    refused("to move it in", call5(SYS_renameat2, AT_FDCWD, second, AT_FDCWD, in("moved"), 0));
    survived("to move a file out", call5(SYS_renameat2, AT_FDCWD, in("inside"), AT_FDCWD, second, 0));
    survived("to exchange them", call5(SYS_renameat2, AT_FDCWD, in("inside"), AT_FDCWD, second, 2));
    refused("to remove it", call3(SYS_unlinkat, AT_FDCWD, second, 0));
    refused("to change its rights", call3(SYS_fchmodat, AT_FDCWD, second, 0777));
    refused("to cut it", call2(SYS_truncate, second, 0));
    refused("to cut it over a link", call2(SYS_truncate, in("absolute"), 0));
    survived("a directory beside", call3(SYS_mkdirat, AT_FDCWD, in("../outside/new"), 0777));
    refused("to mount", call5(SYS_mount, hidden, folder, "none", 4096, 0));
    refused("to mount the share again", call5(SYS_mount, "dir0", folder, "9p", 0, 0));
    refused("to pivot", call2(SYS_pivot_root, folder, folder));
    survived("a link of its own", call3(SYS_symlinkat, hidden, AT_FDCWD, in("own")));
    secret("over its own link", in("own"), O_RDONLY);
    survived("a link to all", call3(SYS_symlinkat, "/", AT_FDCWD, in("all")));
    secret("over a link to all", in("all/outside/secret"), O_RDONLY);
    survived("a disk of its own", call4(SYS_mknodat, AT_FDCWD, in("disk"), 060600, 0x800));
    secret("its own disk", in("disk"), O_RDWR);
    survived("memory of its own", call4(SYS_mknodat, AT_FDCWD, in("memory"), 020600, 0x101));
    secret("its own memory", in("memory"), O_RDWR);
}

static void by_lengths(void)
{
    s64 file = call4(SYS_openat, AT_FDCWD, in("inside"), O_RDWR, 0);
    static const u64 huge[] = {1UL << 31, 1UL << 32, 1UL << 62, 1UL << 63, -1UL};

    for (u64 i = 0; i < sizeof(path) - 1; i++)
        path[i] = i % 5 == 4 ? '/' : '.';
    path[sizeof(path) - 1] = 0;
    refused("a long path", call4(SYS_openat, AT_FDCWD, path, O_RDONLY, 0));
    for (u64 i = 0; i < sizeof(huge) / sizeof(huge[0]); i++) {
        survived("a long read", call3(SYS_read, file, buffer, huge[i]));
        survived("a long write", call3(SYS_write, file, buffer, huge[i]));
        refused("a read far away", call4(SYS_pread64, file, -1UL << 12, huge[i], 0));
        refused("a write far away", call4(SYS_pwrite64, file, -1UL << 12, huge[i], 0));
        survived("a seek", call3(SYS_lseek, file, huge[i], 0));
        survived("a length", call2(SYS_ftruncate, file, -huge[i]));
        survived("a list", call3(SYS_getdents64, file, buffer, huge[i]));
    }
    call2(SYS_ftruncate, file, 0);
    call1(SYS_close, file);
}

int program(u64 count, char **arguments, char **environment)
{
    (void)environment;
    if (count < 3)
        return 2;
    folder = arguments[1];
    by_names(arguments[2]);
    by_lengths();
    by_changes(arguments[2]);
    by_directories();
    put(reached ? "reached\n" : "confined\n");
    return reached;
}
