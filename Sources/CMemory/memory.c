// What happens when somebody who cannot do without memory asks for it and there is none.
//
// Swift's runtime and Foundation take memory for granted: they end the program with a signal and a
// page of addresses. Their requests come by here, since what a program defines goes before what its
// libraries do; everybody else is told as usual, such as libtorch, which says how much it wanted.
// While a program is loaded nobody can be told. The memory itself is that of the next allocator,
// which LD_PRELOAD may name. Only the tool has this, no program that uses the library.
#if defined(__linux__)
#define _GNU_SOURCE
#include <features.h>
#endif
#if defined(__GLIBC__) && !__has_feature(address_sanitizer)
#include <dlfcn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

void *__libc_malloc(size_t);
void *__libc_calloc(size_t, size_t);
void *__libc_realloc(void *, size_t);

// Set once the program's own part begins: libraries set themselves up before, and nobody catches
// what they throw. Volatile, since compilers run such constructors themselves otherwise, and it
// would be set from the start.
static volatile bool has_begun = false;

__attribute__((constructor)) static void begin(void) { has_begun = true; }

static bool takes_for_granted(void *caller) {
  static const char *const libraries[] = {"libswift", "libFoundation", "lib_Foundation",
                                          "libdispatch"};
  if (!has_begun) return true;
  Dl_info info;
  if (dladdr(caller, &info) == 0 || info.dli_fname == NULL) return false;
  const char *slash = strrchr(info.dli_fname, '/');
  const char *name = slash ? slash + 1 : info.dli_fname;
  for (size_t i = 0; i < sizeof(libraries) / sizeof(libraries[0]); ++i) {
    if (strncmp(name, libraries[i], strlen(libraries[i])) == 0) return true;
  }
  return false;
}

static void *checked(void *memory, size_t size, void *caller) {
  if (memory != NULL || size == 0 || !takes_for_granted(caller)) return memory;
  char text[160];
  const int length =
      snprintf(text, sizeof(text),
               "funmatch: there is not enough memory: %zu bytes more were wanted, and a limit "
               "of this process or of the machine is reached\n",
               size);
  if (length > 0 && write(STDERR_FILENO, text, (size_t)length) < 0) _exit(1);
  _exit(1);
}

// The next allocator's function of a name; the C library's own as long as that is looked up, which
// may need memory itself.
#define NEXT(type, name)                          \
  static type next = NULL;                        \
  static bool is_looking = false;                 \
  if (next == NULL && !is_looking) {              \
    is_looking = true;                            \
    type found = (type)dlsym(RTLD_NEXT, #name);   \
    next = found != NULL ? found : __libc_##name; \
  }                                               \
  type call = next != NULL ? next : __libc_##name

__attribute__((visibility("default"))) void *malloc(size_t size) {
  typedef void *(*function)(size_t);
  NEXT(function, malloc);
  return checked(call(size), size, __builtin_return_address(0));
}

__attribute__((visibility("default"))) void *calloc(size_t count, size_t size) {
  typedef void *(*function)(size_t, size_t);
  NEXT(function, calloc);
  return checked(call(count, size), count && size ? size : 0, __builtin_return_address(0));
}

__attribute__((visibility("default"))) void *realloc(void *memory, size_t size) {
  typedef void *(*function)(void *, size_t);
  NEXT(function, realloc);
  return checked(call(memory, size), size, __builtin_return_address(0));
}
#endif
