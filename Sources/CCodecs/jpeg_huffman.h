// Huffman decoding of plain JPEG files (sequential, one scan, no restarts), faster than libjpeg's.
#ifndef FUNMATCH_JPEG_HUFFMAN_H
#define FUNMATCH_JPEG_HUFFMAN_H

#include <stdio.h>
// jpeglib.h needs stdio.h before it.
#include <jpeglib.h>

#include "codec.h"

enum { CC_HUFFMAN_LOOK = 10 };  // bits that are looked up at once

// What the next bits mean: a coefficient or an end of block or, for AC, two of these.
typedef struct {
  int16_t value, second;  // zeros where there is none
  uint8_t at, second_at;  // where they are: 1 is the next coefficient of the block
  uint8_t advance;        // coefficients that are done then
  uint8_t length;         // bits; 0 where more have to be looked at
} cc_huffman_entry;

typedef struct {
  JHUFF_TBL source;     // what it was made from
  uint32_t limits[17];  // of codes of a length: they are below it, as the first of 16 bits
  int32_t offsets[17];  // from a code of a length to the index of its symbol
  cc_huffman_entry look[1 << CC_HUFFMAN_LOOK];
} cc_huffman_table;

typedef struct {
  const uint8_t *next, *end;  // bytes of the scan that are not in `bits` yet
  uint64_t bits;              // the next ones, from the highest on
  int32_t count;              // of them; below zero after reading more than there are
} cc_huffman_reader;

typedef struct {
  cc_huffman_reader reader;
  struct {
    const cc_huffman_table *dc, *ac;
    int32_t component;
  } blocks[D_MAX_BLOCKS_IN_MCU];
  uint32_t last_dc[MAX_COMPS_IN_SCAN];
  JBLOCK unwanted;  // takes what libjpeg skips
  cc_huffman_table dc[NUM_HUFF_TBLS], ac[NUM_HUFF_TBLS];
} cc_jpeg_huffman;

// Makes `info`, just started, decode with `huffman` if the file is of that kind. Whatever turns out
// to be wrong with the file is left to libjpeg to judge, by starting over without this.
void cc_jpeg_huffman_install(cc_jpeg_huffman *huffman, j_decompress_ptr info);

// What was installed for `info`.
cc_jpeg_huffman *cc_jpeg_huffman_of(j_decompress_ptr info);

// Ends decoding so that it starts over without this.
_Noreturn void cc_jpeg_start_over(j_decompress_ptr info);

#endif
