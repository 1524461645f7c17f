// Memory for libjpeg that is kept from one image to the next.
#ifndef FUNMATCH_JPEG_MEMORY_H
#define FUNMATCH_JPEG_MEMORY_H

#include <stdio.h>
// jpeglib.h needs stdio.h before it.
#include <jpeglib.h>

#include "codec.h"

// What the parameter of JERR_OUT_OF_MEMORY is when it is the limit that was met.
enum { CC_OVER_LIMIT = 1000 };

typedef struct {
  struct jpeg_memory_mgr original;      // what libjpeg set up
  uint8_t *block;                       // what images are decoded in
  size_t capacity;                      // of the block
  size_t used;                          // of the block
  struct cc_spill *spills;              // what did not fit into the block
  size_t spilled;                       // bytes of it
  struct jvirt_barray_control *arrays;  // of the image at hand
  uint64_t limit;                       // bytes that an image may take
} cc_jpeg_memory;

// Makes `info` take all memory from `memory` from now on, up to the next jpeg_abort. What libjpeg
// means to keep longer is not: the caller has to forget the tables and the source, too.
void cc_jpeg_memory_install(cc_jpeg_memory *memory, j_common_ptr info);

// Frees it, after `info` was destroyed.
void cc_jpeg_memory_free(cc_jpeg_memory *memory);

// The memory that was installed for `info`.
cc_jpeg_memory *cc_jpeg_memory_of(j_common_ptr info);

#endif
