// How the loops of this folder are compiled for several instruction sets, of which the best is
// chosen when the program starts.
#ifndef FUNMATCH_MULTIVERSION_H
#define FUNMATCH_MULTIVERSION_H

#if defined(__x86_64__) && defined(__GLIBC__)
#define CC_MULTIVERSION \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CC_MULTIVERSION
#endif
// What is called from such a loop must be part of it.
#define CC_INLINE __attribute__((always_inline)) static inline

#endif
