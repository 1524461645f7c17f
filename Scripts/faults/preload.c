// A library to preload (LD_PRELOAD) that makes one system call of a program fail, or the program
// end there, among those that reach what lies below a folder. Used by faults.py, which tells what
// to do by environment variables:
//
//   FAULTS_FOLDER  the folder, an absolute path.
//   FAULTS_KIND    which calls count, and what becomes of the one:
//                    full           ENOSPC of a call that writes, names or makes a file, or brings
//                    it to the disk broken         EIO of the same calls, or of one that removes a
//                    file files          EMFILE of a call that opens a file short          a write
//                    that writes half of what it should kill           the process is killed before
//                    any of these
//   FAULTS_AT      the number of the first call that fails, from 1 on; 0: none does.
//   FAULTS_COUNT   how many fail from there on.
//   FAULTS_LOG     a file to which each call that counts adds a line, and each that matters for
//   what a power cut leaves.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { changes = 1, opens = 2, writes = 4, removes = 8 };
enum { most = 4096 };

static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static const char *folder;
static size_t length;
static const char *kind = "";
static int code, counted, log_file = -1;
static long number, first, last;
// Paths of open files below the folder.
static char *paths[most];

static void begin(void) {
  folder = getenv("FAULTS_FOLDER");
  if (!folder) return;
  length = strlen(folder);
  kind = getenv("FAULTS_KIND") ? getenv("FAULTS_KIND") : "full";
  const char *at = getenv("FAULTS_AT"), *count = getenv("FAULTS_COUNT");
  first = at ? atol(at) : 0;
  last = first + (count ? atol(count) : 1) - 1;
  counted = !strcmp(kind, "files") ? opens : !strcmp(kind, "short") ? writes : changes;
  if (!strcmp(kind, "broken") || !strcmp(kind, "kill")) counted |= removes;
  code = !strcmp(kind, "files") ? EMFILE : !strcmp(kind, "broken") ? EIO : ENOSPC;
  const char *log = getenv("FAULTS_LOG");
  if (log)
    log_file =
        (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static void note(const char *format, ...) {
  if (log_file < 0) return;
  char line[2 * PATH_MAX + 64];
  va_list values;
  va_start(values, format);
  int count = vsnprintf(line, sizeof line, format, values);
  va_end(values);
  if (count > 0) syscall(SYS_write, log_file, line, (size_t)count);
}

// The absolute path that a call means, in `buffer`; NULL where it is not below the folder.
static const char *below(int place, const char *path, char *buffer) {
  pthread_once(&once, begin);
  if (!folder || !path) return NULL;
  if (path[0] != '/') {
    char base[PATH_MAX] = "";
    if (place == AT_FDCWD) {
      if (syscall(SYS_getcwd, base, sizeof base) < 0) return NULL;
    } else {
      char link[64];
      snprintf(link, sizeof link, "/proc/self/fd/%d", place);
      ssize_t count = readlink(link, base, sizeof base - 1);
      if (count < 0) return NULL;
      base[count] = 0;
    }
    if (snprintf(buffer, PATH_MAX, "%s/%s", base, path) >= PATH_MAX) return NULL;
  } else if (snprintf(buffer, PATH_MAX, "%s", path) >= PATH_MAX) {
    return NULL;
  }
  return !strncmp(buffer, folder, length) && (buffer[length] == '/' || !buffer[length]) ? buffer
                                                                                        : NULL;
}

static const char *known(int file) {
  pthread_once(&once, begin);
  return folder && file >= 0 && file < most ? paths[file] : NULL;
}

static void remember(int file, const char *path) {
  if (file < 0 || file >= most) return;
  pthread_mutex_lock(&lock);
  free(paths[file]);
  paths[file] = path ? strdup(path) : NULL;
  pthread_mutex_unlock(&lock);
}

// Whether the call that is about to be made has to fail.
static int fails(int class, const char *call, const char *path) {
  if (!(class & counted)) return 0;
  pthread_mutex_lock(&lock);
  long own = ++number;
  pthread_mutex_unlock(&lock);
  int isHit = own >= first && own <= last && first > 0;
  note("%ld %s %s%s\n", own, call, path, isHit ? " !" : "");
  if (isHit && !strcmp(kind, "kill")) {
    kill(getpid(), SIGKILL);
    for (;;) pause();
  }
  return isHit;
}

#define REAL(name)               \
  static __typeof__(name) *real; \
  if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)
#define FAIL(value) \
  do {              \
    errno = code;   \
    return value;   \
  } while (0)

static int isChange(int flags) { return (flags & (O_CREAT | O_TRUNC)) != 0; }

static void sized(int file, const char *word, const char *path) {
  struct stat status;
  if (fstat(file, &status) == 0) note("%s %lld %s\n", word, (long long)status.st_size, path);
}

static int opened(int file, const char *path, int flags) {
  remember(file, path);
  if (file >= 0 && path && (flags & O_ACCMODE) != O_RDONLY) sized(file, "opened", path);
  return file;
}

#define OPEN(name)                                                                    \
  int name(const char *path, int flags, ...) {                                        \
    REAL(name);                                                                       \
    va_list values;                                                                   \
    va_start(values, flags);                                                          \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(values, mode_t) : 0;         \
    va_end(values);                                                                   \
    char buffer[PATH_MAX];                                                            \
    const char *own = below(AT_FDCWD, path, buffer);                                  \
    if (own && fails(opens | (isChange(flags) ? changes : 0), "open", own)) FAIL(-1); \
    return opened(real(path, flags, mode), own, flags);                               \
  }
OPEN(open)
OPEN(open64)

#define OPENAT(name)                                                                  \
  int name(int place, const char *path, int flags, ...) {                             \
    REAL(name);                                                                       \
    va_list values;                                                                   \
    va_start(values, flags);                                                          \
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(values, mode_t) : 0;         \
    va_end(values);                                                                   \
    char buffer[PATH_MAX];                                                            \
    const char *own = below(place, path, buffer);                                     \
    if (own && fails(opens | (isChange(flags) ? changes : 0), "open", own)) FAIL(-1); \
    return opened(real(place, path, flags, mode), own, flags);                        \
  }
OPENAT(openat)
OPENAT(openat64)

// Streams of C open their files within the library, where no call of ours is seen.
#define FOPEN(name)                                                               \
  FILE *name(const char *restrict path, const char *restrict mode) {              \
    REAL(name);                                                                   \
    char buffer[PATH_MAX];                                                        \
    const char *own = below(AT_FDCWD, path, buffer);                              \
    int isWritten = strpbrk(mode, "wa+") != NULL;                                 \
    if (own && fails(opens | (isWritten ? changes : 0), "open", own)) FAIL(NULL); \
    FILE *file = real(path, mode);                                                \
    if (file) opened(fileno(file), own, isWritten ? O_WRONLY : O_RDONLY);         \
    return file;                                                                  \
  }
FOPEN(fopen)
FOPEN(fopen64)

#define WRITTEN(path, count)                                \
  const char *own = known(file);                            \
  int isHit = own && fails(changes | writes, "write", own); \
  if (isHit && strcmp(kind, "short")) FAIL(-1);             \
  if (isHit && count > 1) count = count / 2;

ssize_t write(int file, const void *bytes, size_t count) {
  REAL(write);
  WRITTEN(own, count)
  return real(file, bytes, count);
}

#define PWRITE(name, type)                                               \
  ssize_t name(int file, const void *bytes, size_t count, type offset) { \
    REAL(name);                                                          \
    WRITTEN(own, count)                                                  \
    return real(file, bytes, count, offset);                             \
  }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t writev(int file, const struct iovec *parts, int count) {
  REAL(writev);
  WRITTEN(own, count)
  return real(file, parts, count);
}

#define SYNC(name)                                      \
  int name(int file) {                                  \
    REAL(name);                                         \
    const char *own = known(file);                      \
    if (own && fails(changes, "sync", own)) FAIL(-1);   \
    int result = real(file);                            \
    if (own && result == 0) sized(file, "synced", own); \
    return result;                                      \
  }
SYNC(fsync)
SYNC(fdatasync)

int close(int file) {
  REAL(close);
  const char *own = known(file);
  // What was written fails to reach some file systems only here; the file is closed all the same.
  int isHit = own && (fcntl(file, F_GETFL) & O_ACCMODE) != O_RDONLY && fails(changes, "close", own);
  remember(file, NULL);
  int result = real(file);
  if (isHit) FAIL(-1);
  return result;
}

#define TRUNCATE(name, type)                               \
  int name(int file, type size) {                          \
    REAL(name);                                            \
    const char *own = known(file);                         \
    if (own && fails(changes, "truncate", own)) FAIL(-1);  \
    int result = real(file, size);                         \
    if (own && result == 0) sized(file, "truncated", own); \
    return result;                                         \
  }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

int renameat(int from_place, const char *from, int to_place, const char *to) {
  REAL(renameat);
  char buffer[PATH_MAX], other[PATH_MAX];
  const char *old = below(from_place, from, buffer), *own = below(to_place, to, other);
  if (own && fails(changes, "rename", own)) FAIL(-1);
  int result = real(from_place, from, to_place, to);
  if (own && result == 0) note("renamed %s\t%s\n", old ? old : "", own);
  return result;
}

int rename(const char *from, const char *to) { return renameat(AT_FDCWD, from, AT_FDCWD, to); }

#define PATHS(name, class, call, list, place, path, ...) \
  int name list {                                        \
    REAL(name);                                          \
    char buffer[PATH_MAX];                               \
    const char *own = below(place, path, buffer);        \
    if (own && fails(class, call, own)) FAIL(-1);        \
    return real(__VA_ARGS__);                            \
  }
PATHS(mkdir, changes, "mkdir", (const char *path, mode_t mode), AT_FDCWD, path, path, mode)
PATHS(mkdirat, changes, "mkdir", (int place, const char *path, mode_t mode), place, path, place,
      path, mode)
PATHS(unlink, removes, "unlink", (const char *path), AT_FDCWD, path, path)
PATHS(unlinkat, removes, "unlink", (int place, const char *path, int flags), place, path, place,
      path, flags)
PATHS(rmdir, removes, "unlink", (const char *path), AT_FDCWD, path, path)
PATHS(remove, removes, "unlink", (const char *path), AT_FDCWD, path, path)
PATHS(link, changes, "link", (const char *from, const char *path), AT_FDCWD, path, from, path)
PATHS(symlink, changes, "link", (const char *from, const char *path), AT_FDCWD, path, from, path)
PATHS(chmod, changes, "chmod", (const char *path, mode_t mode), AT_FDCWD, path, path, mode)
