/* Recorder: preloaded into a program, it appends to one log what the program does to the files of
 * one directory, in the order in which it happened: writes with their bytes, truncations, syncs,
 * new names, renamed and removed ones. On demand it lets syncs fail or the disk be full.
 *
 * HOSO_RECORD_DIR   the directory; everything else is left alone
 * HOSO_RECORD_LOG   the log; without it nothing is written down, only faults are made
 * HOSO_FAULT_DIR    while a file of this name stands there: `eio` fsync and fdatasync fail with
 *                   EIO, `enospc` writes that make a file longer fail with ENOSPC, `erofs` all
 *                   that would change a file fails with EROFS, `hang` syncs of files whose names
 *                   end in `.part` never come back; the first line of `clock` is added to the
 *                   wall clock's seconds, or is what it shows and goes on showing after a `=`
 *
 * A record: u32 length of the rest, u8 kind, u64 a, u64 b, u32 length of the name, name, bytes.
 * All numbers are little-endian. What it cannot write down ends the program with status 99. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { WRITE = 1, TRUNCATE, SYNC, SYNC_DIRECTORY, RENAME, UNLINK, CREATE };
enum { FILES_MAX = 4096 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char *names[FILES_MAX];
static char is_directory[FILES_MAX];
static int record_log = -1;
static char root[PATH_MAX];
static char faults[PATH_MAX];

#define REAL(name) ((__typeof__(&name))real(#name))

static void *real(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (!found) _exit(99);
  return found;
}

__attribute__((constructor)) static void begin(void) {
  const char *directory = getenv("HOSO_RECORD_DIR");
  const char *path = getenv("HOSO_RECORD_LOG");
  const char *fault = getenv("HOSO_FAULT_DIR");
  if (directory) strncpy(root, directory, sizeof root - 1);
  if (fault) strncpy(faults, fault, sizeof faults - 1);
  if (directory && path) {
    record_log = REAL(open64)(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (record_log < 0) _exit(99);
  }
}

/* The name below the directory, or NULL for files of others and for shared memory, which no
 * program reads after a power cut. */
static char *own(const char *path) {
  size_t length = strlen(root);
  if (!length || !path || strncmp(path, root, length) != 0) return NULL;
  const char *rest = path + length;
  if (*rest == '/') rest++;
  size_t size = strlen(rest);
  if (size > 4 && strcmp(rest + size - 4, "-shm") == 0) return NULL;
  return strdup(rest);
}

static void put(unsigned char **at, uint64_t value, int bytes) {
  for (int i = 0; i < bytes; i++) *(*at)++ = (unsigned char)(value >> (8 * i));
}

static void note(int kind, uint64_t a, uint64_t b, const char *name, const void *bytes, size_t size) {
  if (record_log < 0) return;
  size_t length = strlen(name), total = 1 + 8 + 8 + 4 + length + size;
  unsigned char *record = malloc(4 + total), *at = record;
  if (!record) _exit(99);
  put(&at, total, 4);
  put(&at, (uint64_t)kind, 1);
  put(&at, a, 8);
  put(&at, b, 8);
  put(&at, length, 4);
  memcpy(at, name, length);
  memcpy(at + length, bytes, size);
  if (REAL(write)(record_log, record, 4 + total) != (ssize_t)(4 + total)) _exit(99);
  free(record);
}

static int fault(const char *name) {
  char path[PATH_MAX];
  if (!*faults) return 0;
  strcpy(path, faults);
  strcat(path, "/");
  strcat(path, name);
  return access(path, F_OK) == 0;
}

/* Programs ask for the time without any of the files above being locked. */
int clock_gettime(clockid_t clock, struct timespec *time) {
  int done = REAL(clock_gettime)(clock, time);
  if (done != 0 || clock != CLOCK_REALTIME || !*faults) return done;
  char path[PATH_MAX + 8], said[32] = "";
  strcpy(path, faults);
  strcat(path, "/clock");
  int file = REAL(open64)(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return done;
  ssize_t size = read(file, said, sizeof said - 1);
  REAL(close)(file);
  if (size <= 0) return done;
  if (*said == '=') time->tv_sec = atoll(said + 1), time->tv_nsec = 0;
  else time->tv_sec += atoll(said);
  return done;
}

static char *name_of(int file) {
  return file >= 0 && file < FILES_MAX ? names[file] : NULL;
}

static void opened(int file, const char *path, int flags) {
  char *name = own(path);
  if (!name || file < 0) return;
  if (file >= FILES_MAX) _exit(99);
  struct stat about;
  if (fstat(file, &about) != 0) _exit(99);
  free(names[file]);
  names[file] = name;
  is_directory[file] = S_ISDIR(about.st_mode);
  if (flags & O_TRUNC) note(TRUNCATE, 0, 0, name, "", 0);
}

static int open_file(const char *path, int flags, mode_t mode) {
  char *name = own(path);
  if (!name) return REAL(open64)(path, flags, mode);
  if ((flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) && fault("erofs")) {
    free(name);
    errno = EROFS;
    return -1;
  }
  pthread_mutex_lock(&lock);
  int new = access(path, F_OK) != 0;
  int file = REAL(open64)(path, flags, mode);
  int error = errno;
  if (file >= 0 && new && (flags & O_CREAT)) note(CREATE, 0, 0, name, "", 0);
  opened(file, path, flags);
  pthread_mutex_unlock(&lock);
  free(name);
  errno = error;
  return file;
}

#define MODE(flags)                            \
  mode_t mode = 0;                             \
  if ((flags) & (O_CREAT | O_TMPFILE)) {       \
    va_list rest;                              \
    va_start(rest, flags);                     \
    mode = va_arg(rest, mode_t);               \
    va_end(rest);                              \
  }

int open(const char *path, int flags, ...) {
  MODE(flags)
  return open_file(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  MODE(flags)
  return open_file(path, flags | O_LARGEFILE, mode);
}

int openat(int directory, const char *path, int flags, ...) {
  MODE(flags)
  if (path[0] == '/') return open_file(path, flags, mode);
  return REAL(openat)(directory, path, flags, mode);
}

int openat64(int directory, const char *path, int flags, ...) {
  MODE(flags)
  if (path[0] == '/') return open_file(path, flags, mode);
  return REAL(openat64)(directory, path, flags, mode);
}

int close(int file) {
  if (name_of(file)) {
    pthread_mutex_lock(&lock);
    free(names[file]);
    names[file] = NULL;
    pthread_mutex_unlock(&lock);
  }
  return REAL(close)(file);
}

/* Writes at a place, or at the file's own place for a negative one. */
static ssize_t write_at(int file, const void *bytes, size_t size, off64_t place) {
  pthread_mutex_lock(&lock);
  struct stat about;
  off64_t at = place;
  if (fstat(file, &about) != 0) _exit(99);
  if (place < 0) at = fcntl(file, F_GETFL) & O_APPEND ? about.st_size : lseek64(file, 0, SEEK_CUR);
  ssize_t written = -1;
  int error = fault("erofs") ? EROFS : ENOSPC;
  if (error != EROFS && (at + (off64_t)size <= about.st_size || !fault("enospc"))) {
    written = place < 0 ? REAL(write)(file, bytes, size) : REAL(pwrite64)(file, bytes, size, place);
    error = errno;
  }
  if (written > 0) note(WRITE, (uint64_t)at, 0, names[file], bytes, (size_t)written);
  pthread_mutex_unlock(&lock);
  errno = error;
  return written;
}

ssize_t write(int file, const void *bytes, size_t size) {
  return name_of(file) ? write_at(file, bytes, size, -1) : REAL(write)(file, bytes, size);
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t place) {
  return name_of(file) ? write_at(file, bytes, size, place) : REAL(pwrite)(file, bytes, size, place);
}

ssize_t pwrite64(int file, const void *bytes, size_t size, off64_t place) {
  return name_of(file) ? write_at(file, bytes, size, place) : REAL(pwrite64)(file, bytes, size, place);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
  if (!name_of(file)) return REAL(writev)(file, parts, count);
  for (int i = 0; i < count; i++)
    if (parts[i].iov_len) return write_at(file, parts[i].iov_base, parts[i].iov_len, -1);
  return 0;
}

/* Callers fall back to reading and writing. */
ssize_t copy_file_range(int from, off64_t *from_at, int to, off64_t *to_at, size_t size,
                        unsigned flags) {
  if (name_of(to)) {
    errno = EXDEV;
    return -1;
  }
  return REAL(copy_file_range)(from, from_at, to, to_at, size, flags);
}

ssize_t sendfile64(int to, int from, off64_t *at, size_t size) {
  if (name_of(to)) {
    errno = EINVAL;
    return -1;
  }
  return REAL(sendfile64)(to, from, at, size);
}

ssize_t sendfile(int to, int from, off_t *at, size_t size) { return sendfile64(to, from, at, size); }

static int truncate_to(int file, off64_t size) {
  if (!name_of(file)) return REAL(ftruncate64)(file, size);
  if (fault("erofs")) {
    errno = EROFS;
    return -1;
  }
  pthread_mutex_lock(&lock);
  int done = REAL(ftruncate64)(file, size), error = errno;
  if (done == 0) note(TRUNCATE, (uint64_t)size, 0, names[file], "", 0);
  pthread_mutex_unlock(&lock);
  errno = error;
  return done;
}

int ftruncate(int file, off_t size) { return truncate_to(file, size); }
int ftruncate64(int file, off64_t size) { return truncate_to(file, size); }

static int is_part(const char *name) {
  size_t size = strlen(name);
  return size > 5 && strcmp(name + size - 5, ".part") == 0;
}

static int sync_file(int file, int only_data) {
  if (!name_of(file)) return only_data ? REAL(fdatasync)(file) : REAL(fsync)(file);
  while (is_part(names[file]) && fault("hang")) pause();
  if (fault("eio")) {
    errno = EIO;
    return -1;
  }
  pthread_mutex_lock(&lock);
  int done = only_data ? REAL(fdatasync)(file) : REAL(fsync)(file), error = errno;
  if (done == 0) note(is_directory[file] ? SYNC_DIRECTORY : SYNC, 0, 0, names[file], "", 0);
  pthread_mutex_unlock(&lock);
  errno = error;
  return done;
}

int fsync(int file) { return sync_file(file, 0); }
int fdatasync(int file) { return sync_file(file, 1); }

int rename(const char *from, const char *to) {
  char *old = own(from), *new = own(to);
  if (!old && !new) return REAL(rename)(from, to);
  if (!old || !new) _exit(99);
  if (fault("erofs")) {
    free(old);
    free(new);
    errno = EROFS;
    return -1;
  }
  pthread_mutex_lock(&lock);
  int done = REAL(rename)(from, to), error = errno;
  if (done == 0) note(RENAME, 0, 0, old, new, strlen(new));
  pthread_mutex_unlock(&lock);
  free(old);
  free(new);
  errno = error;
  return done;
}

int unlink(const char *path) {
  char *name = own(path);
  if (!name) return REAL(unlink)(path);
  if (fault("erofs")) {
    free(name);
    errno = EROFS;
    return -1;
  }
  pthread_mutex_lock(&lock);
  int done = REAL(unlink)(path), error = errno;
  if (done == 0) note(UNLINK, 0, 0, name, "", 0);
  pthread_mutex_unlock(&lock);
  free(name);
  errno = error;
  return done;
}

/* What is not written down must not happen unseen. */
int link(const char *from, const char *to) {
  if (own(to)) _exit(99);
  return REAL(link)(from, to);
}

int posix_fallocate64(int file, off64_t place, off64_t size) {
  if (name_of(file)) _exit(99);
  return REAL(posix_fallocate64)(file, place, size);
}

int fallocate64(int file, int mode, off64_t place, off64_t size) {
  if (name_of(file)) _exit(99);
  return REAL(fallocate64)(file, mode, place, size);
}

ssize_t pwritev64(int file, const struct iovec *parts, int count, off64_t place) {
  if (name_of(file)) _exit(99);
  return REAL(pwritev64)(file, parts, count, place);
}

void *mmap64(void *at, size_t size, int protection, int flags, int file, off64_t place) {
  if (name_of(file) && (flags & MAP_SHARED) && (protection & PROT_WRITE)) _exit(99);
  return REAL(mmap64)(at, size, protection, flags, file, place);
}
