// How the loops of this folder are compiled for several instruction sets, of which the best is
// chosen when the program starts.
#ifndef FUNMATCH_MULTIVERSION_H
#define FUNMATCH_MULTIVERSION_H

// The thread sanitizer is not ready yet when they are.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CC_SINGLE_VERSION
#endif
#endif

#if defined(__x86_64__) && defined(__GLIBC__) && !defined(CC_SINGLE_VERSION)
#define CC_MULTIVERSION \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CC_MULTIVERSION
#endif
// What is called from such a loop must be part of it.
#define CC_INLINE __attribute__((always_inline)) static inline

#endif
