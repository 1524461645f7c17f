// libjpeg looks up a code, then takes the bits of its coefficient, and looks for more input before
// either. Here one lookup gives both, and the next coefficient, too, if all are short enough, as
// most are; and input is taken eight bytes at a time. All else about decoding stays libjpeg's, and a
// file with anything unusual about it is decoded by libjpeg alone.
//
// It is here because entropy decoding is 62 % of the time that a view of a photograph of 500 x 375
// pixels takes (`make bench`), and this saves a quarter of it all.
#include "jpeg_huffman.h"

#include <string.h>

#if defined(LIBJPEG_TURBO_VERSION_NUMBER) && LIBJPEG_TURBO_VERSION_NUMBER < 4000000

// The beginning of libjpeg-turbo's own (in jpegint.h, which is not installed everywhere), the same
// in its versions 1 to 3.
struct jpeg_entropy_decoder {
  void (*start_pass)(j_decompress_ptr info);
  boolean (*decode_mcu)(j_decompress_ptr info, JBLOCKROW *blocks);
};

enum {
  LOOK = CC_HUFFMAN_LOOK,
  MOST_RUN = 16,
  // An end of block advances so far that it cannot be taken for a run that leaves the block.
  TO_END = DCTSIZE2 + MOST_RUN,
};

// Where the coefficient before the one at an index belongs. Those after the last one are zeros, or
// the block is not decoded here after all.
static const uint8_t order[DCTSIZE2 + MOST_RUN] = {
    0,  0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,   //
    5,  12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21,  //
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44,  //
    51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62,  //
    63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
};

// What `symbol`, whose code has `length` bits, and the bits after it mean; `bits` begin with these.
// Where there is no (second) value, a zero is stored where no coefficient has been put yet: that
// costs less than to ask.
static cc_huffman_entry entry_of(int symbol, int length, uint64_t bits) {
  int size = symbol & 15, run = symbol >> 4;
  if (size == 0 && run != 15) return (cc_huffman_entry){0, 0, 1, 2, TO_END, (uint8_t)length};
  int value = 0;
  if (size != 0) {
    value = (int)(bits >> (64 - size));
    if (value < 1 << (size - 1)) value -= (1 << size) - 1;
  }
  uint8_t at = (uint8_t)(run + 1);
  return (cc_huffman_entry){(int16_t)value, 0, at, at + 1, at, (uint8_t)(length + size)};
}

// libjpeg has checked that there are at most 256 codes and that each fits into its length.
static const cc_huffman_table *make(cc_huffman_table *table, const JHUFF_TBL *source, bool ac) {
  // Most files have the same tables as the one before.
  if (memcmp(table->source.bits, source->bits, sizeof(source->bits)) == 0 &&
      memcmp(table->source.huffval, source->huffval, sizeof(source->huffval)) == 0) {
    return table;
  }
  table->source = *source;
  cc_huffman_entry single[1 << LOOK];
  uint32_t code = 0, next = 0;
  int32_t index = 0;
  for (int length = 1; length <= 16; ++length, code <<= 1) {
    table->offsets[length] = index - (int32_t)code;
    for (int i = 0; i < source->bits[length]; ++i, ++code, ++index) {
      if (length > LOOK) continue;
      for (uint32_t end = next + (1 << (LOOK - length)); next < end; ++next) {
        int symbol = source->huffval[index];
        single[next] = entry_of(symbol, length, (uint64_t)next << (64 - LOOK) << length);
        // Not all of its bits are here, but it is known where to look further.
        if (single[next].length > LOOK) {
          single[next] = (cc_huffman_entry){.advance = (uint8_t)length};
        }
      }
    }
    table->limits[length] = code << (16 - length);
  }
  for (; next < 1 << LOOK; ++next) single[next] = (cc_huffman_entry){.advance = LOOK + 1};
  for (uint32_t i = 0; i < 1 << LOOK; ++i) {
    cc_huffman_entry entry = single[i], after = single[i << entry.length & ((1 << LOOK) - 1)];
    if (ac && entry.length != 0 && entry.advance != TO_END && after.length != 0 &&
        entry.length + after.length <= LOOK) {
      entry.second = after.value;
      entry.second_at = entry.at + after.at;
      entry.advance += after.advance;
      entry.length += after.length;
    }
    table->look[i] = entry;
  }
  return table;
}

// The one coefficient that the bits begin with, however long it is.
static __attribute__((noinline)) cc_huffman_entry look_further(const cc_huffman_table *table,
                                                               uint64_t bits,
                                                               j_decompress_ptr info) {
  cc_huffman_entry known = table->look[bits >> (64 - LOOK)];
  uint32_t code = (uint32_t)(bits >> 48);
  for (int length = known.length == 0 ? known.advance : 1; length <= 16; ++length) {
    if (code < table->limits[length]) {
      int32_t index = (int32_t)(code >> (16 - length)) + table->offsets[length];
      return entry_of(table->source.huffval[index], length, bits << length);
    }
  }
  cc_jpeg_start_over(info);
}

// Takes bytes one at a time: up to a marker, and without the zeros that follow bytes of 255.
static __attribute__((noinline)) void refill_slowly(cc_huffman_reader *reader) {
  while (reader->count <= 56 && reader->next < reader->end) {
    uint64_t byte = *reader->next;
    if (byte == 0xff && reader->next[1] != 0) break;
    reader->next += byte == 0xff ? 2 : 1;
    reader->bits |= byte << (56 - reader->count);
    reader->count += 8;
  }
}

// Leaves at least 57 bits if there are so many.
static inline __attribute__((always_inline)) cc_huffman_reader refill(cc_huffman_reader reader) {
  const uint64_t ones = 0x0101010101010101;
  if (reader.end - reader.next >= 8) {
    uint64_t word;
    memcpy(&word, reader.next, 8);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    // None of the bytes is 255.
    if (((~word - ones) & word & (ones << 7)) == 0) {
      reader.bits |= word >> reader.count;
      reader.next += (63 - reader.count) >> 3;
      reader.count |= 56;
      return reader;
    }
  }
  // A copy, so that the one that is used most can stay in registers.
  cc_huffman_reader copy = reader;
  refill_slowly(&copy);
  return copy;
}

static boolean decode_mcu(j_decompress_ptr info, JBLOCKROW *blocks) {
  cc_jpeg_huffman *huffman = cc_jpeg_huffman_of(info);
  cc_huffman_reader reader = huffman->reader;
  for (int i = 0; i < info->blocks_in_MCU; ++i) {
    JCOEF *block = blocks == NULL ? huffman->unwanted : *blocks[i];
    // The longest code with its value takes 31 bits. After the last bits, zeros are decoded; that
    // is noticed at the end of the MCU.
    if (reader.count < 32) reader = refill(reader);
    const cc_huffman_table *table = huffman->blocks[i].dc;
    cc_huffman_entry dc = table->look[reader.bits >> (64 - LOOK)];
    if (dc.length == 0) dc = look_further(table, reader.bits, info);
    reader.bits <<= dc.length;
    reader.count -= dc.length;
    uint32_t *last = &huffman->last_dc[huffman->blocks[i].component];
    block[0] = (JCOEF)(*last += (uint32_t)dc.value);

    table = huffman->blocks[i].ac;
    uint32_t done = 1;
    while (done < DCTSIZE2) {
      if (reader.count < LOOK) reader = refill(reader);
      const cc_huffman_entry *ac = &table->look[reader.bits >> (64 - LOOK)];
      // After the last coefficient, there is no second one; it would belong to another block.
      if (ac->length != 0 && done + ac->at < DCTSIZE2) {
        block[order[done + ac->at]] = ac->value;
        block[order[done + ac->second_at]] = ac->second;
        done += ac->advance;
        reader.bits <<= ac->length;
        reader.count -= ac->length;
      } else {
        if (reader.count < 32) reader = refill(reader);
        cc_huffman_entry one = look_further(table, reader.bits, info);
        block[order[done + one.at]] = one.value;
        done += one.advance;
        reader.bits <<= one.length;
        reader.count -= one.length;
      }
    }
    if (done > DCTSIZE2 && done <= TO_END) cc_jpeg_start_over(info);
  }
  if (reader.count < 0) cc_jpeg_start_over(info);
  info->src->bytes_in_buffer -= (size_t)(reader.next - info->src->next_input_byte);
  info->src->next_input_byte = reader.next;
  huffman->reader = reader;
  return TRUE;
}

void cc_jpeg_huffman_install(cc_jpeg_huffman *huffman, j_decompress_ptr info) {
  // (In a lossless file, `Ss` is not zero.)
  if (info->arith_code || info->progressive_mode || info->restart_interval != 0 ||
      info->data_precision != 8 || info->Ss != 0 || info->Se != DCTSIZE2 - 1 ||
      jpeg_has_multiple_scans(info)) {
    return;
  }
  // Bits are taken up to the last marker at most. libjpeg looks ahead: if there were no marker, it
  // could meet the end of the file, and refuse it, sooner than the decoder here would.
  const uint8_t *next = info->src->next_input_byte, *end = next + info->src->bytes_in_buffer;
  do {
    if (end - next < 2) return;
    --end;
  } while (end[-1] != 0xff || end[0] == 0 || end[0] == 0xff);
  huffman->reader = (cc_huffman_reader){next, end - 1, 0, 0};
  memset(huffman->last_dc, 0, sizeof(huffman->last_dc));
  for (int i = 0; i < info->blocks_in_MCU; ++i) {
    int component = info->MCU_membership[i];
    const jpeg_component_info *own = info->cur_comp_info[component];
    const JHUFF_TBL *dc = info->dc_huff_tbl_ptrs[own->dc_tbl_no];
    const JHUFF_TBL *ac = info->ac_huff_tbl_ptrs[own->ac_tbl_no];
    if (dc == NULL || ac == NULL) return;
    huffman->blocks[i].component = component;
    huffman->blocks[i].dc = make(&huffman->dc[own->dc_tbl_no], dc, false);
    huffman->blocks[i].ac = make(&huffman->ac[own->ac_tbl_no], ac, true);
  }
  info->entropy->decode_mcu = decode_mcu;
}

#else  // another libjpeg, with other structures

void cc_jpeg_huffman_install(cc_jpeg_huffman *huffman, j_decompress_ptr info) {
  (void)huffman;
  (void)info;
}

#endif
