/* A disk that fails when it is told to, for a process that this is loaded into ahead of everything else (LD_PRELOAD).

   FAULTY_FOLDER: what lies below it is on that disk.
   FAULTY_ORDER:  a file; while it is there, calls fail as it says: "ERRNO KIND SPARED". KIND is `write`, `fsync`, `open`
                  (for writing) or `all`; so many calls of that kind are SPARED first.
   FAULTY_PLATTER: a folder that gets what truly reached the disk, where set. As on Linux, pages whose fsync failed are
                  taken for written from then on: they get there only if they are written again. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define PAGE 4096
#define PAGES 65536
#define FILES 8

static struct { char name[NAME_MAX + 1]; char dirty[PAGES]; } files[FILES];
static int seen;

static int below(const char *path) {
    const char *folder = getenv("FAULTY_FOLDER");
    return folder && strncmp(path, folder, strlen(folder)) == 0 && path[strlen(folder)] == '/';
}

static int path_of(int fd, char *path) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
    return length >= 0 && below(path);
}

/* Whether a call of this kind is to fail; errno is set then. */
static int fails(const char *kind) {
    char wanted[16];
    int number, spared, kept = errno;
    FILE *order = getenv("FAULTY_ORDER") ? fopen(getenv("FAULTY_ORDER"), "re") : NULL;
    int read = order ? fscanf(order, "%d %15s %d", &number, wanted, &spared) : 0;
    if (order) fclose(order);
    errno = kept;
    if (read != 3) { seen = 0; return 0; }
    if (strcmp(wanted, "all") && strcmp(wanted, kind)) return 0;
    if (seen++ < spared) return 0;
    errno = number;
    return 1;
}

static char *pages_of(const char *path) {
    const char *name = strrchr(path, '/') + 1;
    for (int i = 0; i < FILES; i++) {
        if (!files[i].name[0]) strcpy(files[i].name, name);
        if (!strcmp(files[i].name, name)) return files[i].dirty;
    }
    abort();
}

static void wrote(const char *path, off_t at, ssize_t length) {
    if (!getenv("FAULTY_PLATTER")) return;
    for (off_t page = at / PAGE; length > 0 && page <= (at + length - 1) / PAGE; page++) pages_of(path)[page] = 1;
}

static void reached(int fd, const char *path, int well) {
    char there[PATH_MAX * 2], page[PAGE];
    if (!getenv("FAULTY_PLATTER")) return;
    char *dirty = pages_of(path);
    if (well) {
        snprintf(there, sizeof there, "%s/%s", getenv("FAULTY_PLATTER"), strrchr(path, '/') + 1);
        int platter = REAL(open)(there, O_RDWR | O_CREAT, 0600), again = REAL(open)(path, O_RDONLY);
        for (off_t i = 0; i < PAGES; i++) {
            if (!dirty[i]) continue;
            ssize_t length = pread(again, page, PAGE, i * PAGE);
            if (length > 0 && REAL(pwrite)(platter, page, length, i * PAGE) != length) abort();
        }
        struct stat found;
        if (fstat(fd, &found) || REAL(ftruncate)(platter, found.st_size)) abort();
        close(again);
        close(platter);
    }
    memset(dirty, 0, PAGES);
}

static ssize_t write_at(int fd, const void *data, size_t length, off_t at) {
    char path[PATH_MAX];
    int ours = path_of(fd, path);
    if (ours && fails("write")) return -1;
    ssize_t done = REAL(pwrite)(fd, data, length, at);
    if (ours) wrote(path, at, done);
    return done;
}
ssize_t pwrite(int fd, const void *data, size_t length, off_t at) { return write_at(fd, data, length, at); }
ssize_t pwrite64(int fd, const void *data, size_t length, off64_t at) { return write_at(fd, data, length, at); }

ssize_t write(int fd, const void *data, size_t length) {
    char path[PATH_MAX];
    int ours = path_of(fd, path);
    if (ours && fails("write")) return -1;
    off_t at = ours ? lseek(fd, 0, SEEK_CUR) : 0;
    ssize_t done = REAL(write)(fd, data, length);
    if (ours) wrote(path, at, done);
    return done;
}

static int truncated(int fd, off_t length) {
    char path[PATH_MAX];
    return path_of(fd, path) && fails("write") ? -1 : REAL(ftruncate)(fd, length);
}
int ftruncate(int fd, off_t length) { return truncated(fd, length); }
int ftruncate64(int fd, off64_t length) { return truncated(fd, length); }

static int synced(int fd) {
    char path[PATH_MAX];
    struct stat found;
    int ours = path_of(fd, path) && !fstat(fd, &found) && S_ISREG(found.st_mode);
    int failed = ours && fails("fsync"), kept = errno;
    if (ours) reached(fd, path, !failed);
    errno = kept;
    return failed ? -1 : REAL(fsync)(fd);
}
int fsync(int fd) { return synced(fd); }
int fdatasync(int fd) { return synced(fd); }

static int opened(int folder, const char *path, int flags, mode_t mode) {
    if ((flags & O_ACCMODE) != O_RDONLY && below(path) && fails("open")) return -1;
    return REAL(openat)(folder, path, flags, mode);
}
#define MODE(flags) ({ \
    mode_t mode = 0; \
    va_list more; \
    va_start(more, flags); \
    if (flags & (O_CREAT | __O_TMPFILE)) { mode = va_arg(more, mode_t); } \
    va_end(more); \
    mode; \
})
int open(const char *path, int flags, ...) { return opened(AT_FDCWD, path, flags, MODE(flags)); }
int open64(const char *path, int flags, ...) { return opened(AT_FDCWD, path, flags, MODE(flags)); }
int openat(int folder, const char *path, int flags, ...) { return opened(folder, path, flags, MODE(flags)); }
int openat64(int folder, const char *path, int flags, ...) { return opened(folder, path, flags, MODE(flags)); }
