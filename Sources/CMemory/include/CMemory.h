// Nothing to call: the tool links this target for what it does when memory is short. See memory.c.
#ifndef FUNMATCH_MEMORY_H
#define FUNMATCH_MEMORY_H
#endif
