/* Preloaded into a test: while the file named by HOSO_EIO exists, syncing fails as a dying disk
 * makes it fail; of the files whose names end in HOSO_EIO_END only, if that is set. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int concerned(int file)
{
    const char *end = getenv("HOSO_EIO_END");
    char link[64], path[4096];
    ssize_t length;
    size_t tail;
    if (!end)
        return 1;
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    length = readlink(link, path, sizeof path);
    tail = strlen(end);
    return length >= (ssize_t)tail && memcmp(path + length - tail, end, tail) == 0;
}

static int failing(int file)
{
    const char *flag = getenv("HOSO_EIO");
    return flag && access(flag, F_OK) == 0 && concerned(file);
}

static int through(const char *name, int file)
{
    int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
    if (failing(file)) {
        errno = EIO;
        return -1;
    }
    return real(file);
}

int fsync(int file) { return through("fsync", file); }
int fdatasync(int file) { return through("fdatasync", file); }
