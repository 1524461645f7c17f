// BMP decoding with the pixels of Pillow's convert("RGB"), without a library: Windows' and OS/2's
// headers, palettes, run lengths, bit fields, rows from below or from above; alpha dropped. Left
// out: JPEG, PNG and fax inside a BMP.
#include <stdlib.h>
#include <string.h>

#include "codec.h"

enum { FILE_HEADER = 14, CORE_HEADER = 12 };
enum { RAW = 0, RLE8 = 1, RLE4 = 2, BIT_FIELDS = 3 };

typedef struct {
  const uint8_t *bytes;
  size_t count;
  size_t header;  // where the picture's own header begins
  size_t start;   // of the pixels
  int32_t height, width;
  bool is_top_down;
  uint32_t bits, compression;
  uint32_t masks[3];  // red, green, blue; of pixels of 16 bits or more
  uint8_t colours[256][3];
  cc_buffer indices;  // of pixels with run lengths: (height, width), the file's first row first
} cc_bmp;

static void *create(void) { return calloc(1, sizeof(cc_bmp)); }

static void destroy(void *opaque) {
  free(((cc_bmp *)opaque)->indices.bytes);
  free(opaque);
}

// A little-endian number of at most four bytes; 0 beyond the end.
static uint32_t number(const cc_bmp *bmp, size_t offset, size_t size) {
  if (offset > bmp->count || size > bmp->count - offset) return 0;
  uint32_t value = 0;
  for (size_t i = 0; i < size; ++i) value |= (uint32_t)bmp->bytes[offset + i] << (8 * i);
  return value;
}

static size_t row_size(const cc_bmp *bmp) { return ((size_t)bmp->width * bmp->bits + 31) / 32 * 4; }

static bool is_run_length(const cc_bmp *bmp) {
  return (bmp->compression == RLE8 && bmp->bits == 8) ||
         (bmp->compression == RLE4 && bmp->bits == 4);
}

// Masks that select bits side by side, or none at all.
static bool read_masks(cc_bmp *bmp, size_t offset) {
  bool is_default = true;
  for (size_t c = 0; c < 3; ++c) {
    uint32_t mask = number(bmp, offset + 4 * c, 4);
    bmp->masks[c] = mask;
    is_default = is_default && mask == 0;
    if (mask == 0) continue;
    while (!(mask & 1)) mask >>= 1;
    if ((mask & (mask + 1)) != 0) return false;
  }
  for (size_t c = 0; is_default && c < 3; ++c) {
    bmp->masks[c] = bmp->bits == 16 ? 0x7c00u >> (5 * c) : 0xff0000u >> (8 * c);
  }
  return true;
}

static void read_palette(cc_bmp *bmp, size_t offset, size_t colours, size_t size) {
  memset(bmp->colours, 0, sizeof(bmp->colours));
  for (size_t i = 0; i < colours && i < 256; ++i) {
    uint32_t colour = number(bmp, offset + i * size, 3);
    for (size_t c = 0; c < 3; ++c) bmp->colours[i][c] = (uint8_t)(colour >> (16 - 8 * c));
  }
}

static int32_t open(void *opaque, const uint8_t *bytes, size_t count, int32_t flags, uint64_t limit,
                    char *message, cc_header *header) {
  (void)flags;
  cc_bmp *bmp = opaque;
  cc_trim(&bmp->indices);
  bmp->bytes = bytes;
  bmp->count = count;
  // A device-independent bitmap has no header of the file.
  bool is_file = count >= 2 && memcmp(bytes, "BM", 2) == 0;
  bmp->header = is_file ? FILE_HEADER : 0;
  uint32_t size = number(bmp, bmp->header, 4);
  bool is_core = size == CORE_HEADER;
  if (!is_core && size != 40 && size != 52 && size != 56 && size != 64 && size != 108 &&
      size != 124) {
    return cc_fail(CC_DAMAGED, message, "its header of %u bytes is of no known kind of BMP", size);
  }
  if (count < bmp->header + size) return cc_fail(CC_DAMAGED, message, "it ends in its header");
  size_t field = bmp->header + 4, side = is_core ? 2 : 4;
  int64_t width = number(bmp, field, side), height = number(bmp, field + side, side);
  bmp->bits = number(bmp, field + 2 * side + 2, 2);
  bmp->compression = is_core ? RAW : number(bmp, field + 12, 4);
  uint32_t colours = is_core ? 0 : number(bmp, field + 28, 4);
  bmp->is_top_down = !is_core && height > INT32_MAX;
  if (bmp->is_top_down) height = ((int64_t)1 << 32) - height;
  if (width == 0 || width > INT32_MAX || height == 0 || height > INT32_MAX) {
    return cc_fail(CC_DAMAGED, message, "its header says %lld x %lld pixels (height x width)",
                   (long long)height, (long long)width);
  }
  header->height = bmp->height = (int32_t)height;
  header->width = bmp->width = (int32_t)width;

  bool is_wide = bmp->bits == 16 || bmp->bits == 24 || bmp->bits == 32;
  bool is_paletted = bmp->bits == 1 || bmp->bits == 4 || bmp->bits == 8;
  bool is_known = (bmp->compression == RAW && (is_wide || is_paletted)) || is_run_length(bmp) ||
                  (bmp->compression == BIT_FIELDS && is_wide && size != 64);
  if (!is_known) {
    return cc_fail(CC_DAMAGED, message, "%u bits a pixel with compression %u cannot be decoded",
                   bmp->bits, bmp->compression);
  }
  size_t end = bmp->header + size;  // of what stands before the pixels
  memset(bmp->masks, 0, sizeof(bmp->masks));
  // A header of 40 bytes has its masks behind it, longer ones have them within.
  bool has_masks = bmp->compression == BIT_FIELDS;
  if (is_wide && !read_masks(bmp, has_masks ? bmp->header + 40 : count)) {
    return cc_fail(CC_DAMAGED, message, "its bit fields are not of one piece each");
  }
  if (has_masks && size == 40) end += 12;
  if (colours == 0) colours = 1u << (bmp->bits & 15);
  bmp->start = is_file ? number(bmp, 10, 4) : 0;
  if (is_paletted) {
    size_t entry = is_core ? 3 : 4;
    read_palette(bmp, end, colours, entry);
    // Some files say that the pixels begin where their palette does.
    bool is_wrong = bmp->start == end;
    end += colours * entry;
    if (is_wrong) bmp->start = end;
  }
  if (bmp->start == 0) bmp->start = end;

  int32_t status = cc_check_size((uint64_t)height, (uint64_t)width, limit, message);
  if (status != CC_OK) return status;
  // The last row need not be filled up.
  size_t needed = row_size(bmp) * (size_t)(height - 1) + ((size_t)width * bmp->bits + 7) / 8;
  size_t left = bmp->start < count ? count - bmp->start : 0;
  if (is_run_length(bmp) ? left == 0 : left < needed) {
    return cc_fail_promise((uint64_t)height, (uint64_t)width, count, message);
  }
  return CC_OK;
}

// Unpacks run lengths to indices. What the file leaves out has index 0; it must end by saying so,
// or with its last pixel.
static bool unpack(cc_bmp *bmp) {
  size_t width = (size_t)bmp->width, all = width * (size_t)bmp->height;
  bool is_half = bmp->compression == RLE4;
  uint8_t *indices = bmp->indices.bytes;
  memset(indices, 0, all);
  size_t x = 0, row = 0, at = bmp->start;
  while (row < all && row + x < all) {
    if (bmp->count - at < 2) return false;
    size_t run = bmp->bytes[at], value = bmp->bytes[at + 1];
    at += 2;
    if (run > 0) {
      if (run > width - x) run = width - x;
      for (size_t i = 0; i < run; ++i, ++x) {
        indices[row + x] = (uint8_t)(is_half ? (i & 1 ? value & 15 : value >> 4) : value);
      }
    } else if (value == 0) {
      x = 0;
      row += width;
    } else if (value == 1) {
      return true;
    } else if (value == 2) {
      if (bmp->count - at < 2) return false;
      x += bmp->bytes[at];
      row += bmp->bytes[at + 1] * width;
      at += 2;
      if (x > width) x = width;
    } else {
      size_t size = is_half ? (value + 1) / 2 : value;
      if (bmp->count - at < size) return false;
      for (size_t i = 0; i < value && x < width; ++i, ++x) {
        uint8_t byte = bmp->bytes[at + (is_half ? i / 2 : i)];
        indices[row + x] = is_half ? (i & 1 ? byte & 15 : byte >> 4) : byte;
      }
      // Filled up to an even number, but for the last ones of a file.
      at += size + (size & 1);
      if (at > bmp->count) at = bmp->count;
    }
  }
  return true;
}

static void convert_fields(const cc_bmp *bmp, const uint8_t *row, cc_box box, uint8_t *pixels) {
  size_t size = bmp->bits / 8;
  uint32_t shifts[3], ranges[3];
  for (size_t c = 0; c < 3; ++c) {
    shifts[c] = 0;
    while (bmp->masks[c] != 0 && !(bmp->masks[c] >> shifts[c] & 1)) ++shifts[c];
    ranges[c] = bmp->masks[c] >> shifts[c];
  }
  for (int32_t x = 0; x < box.width; ++x) {
    const uint8_t *bytes = row + (size_t)(box.x + x) * size;
    uint32_t pixel = 0;
    for (size_t i = 0; i < size; ++i) pixel |= (uint32_t)bytes[i] << (8 * i);
    for (size_t c = 0; c < 3; ++c) {
      uint64_t value = (pixel & bmp->masks[c]) >> shifts[c];
      pixels[3 * x + (int32_t)c] = ranges[c] == 0 ? 0 : (uint8_t)(value * 255 / ranges[c]);
    }
  }
}

static int32_t decode(void *opaque, cc_box box, char *message, uint8_t *pixels, cc_layout *layout) {
  cc_bmp *bmp = opaque;
  bool is_unpacked = is_run_length(bmp);
  if (is_unpacked) {
    if (!cc_reserve(&bmp->indices, (size_t)bmp->width * (size_t)bmp->height)) {
      return cc_fail(CC_FAILED, message, "out of memory");
    }
    if (!unpack(bmp)) return cc_fail(CC_DAMAGED, message, "its picture ends too early");
  }
  size_t stride = is_unpacked ? (size_t)bmp->width : row_size(bmp);
  const uint8_t *rows = is_unpacked ? bmp->indices.bytes : bmp->bytes + bmp->start;
  uint32_t bits = is_unpacked ? 8 : bmp->bits;
  for (int32_t y = 0; y < box.height; ++y) {
    int32_t place = bmp->is_top_down ? box.y + y : bmp->height - 1 - box.y - y;
    const uint8_t *row = rows + (size_t)place * stride;
    uint8_t *target = pixels + (size_t)y * layout->stride;
    if (bits >= 16) {
      convert_fields(bmp, row, box, target);
      continue;
    }
    for (int32_t x = 0; x < box.width; ++x) {
      size_t bit = (size_t)(box.x + x) * bits;
      uint32_t index = row[bit / 8] >> (8 - bits - bit % 8) & ((1u << bits) - 1);
      memcpy(target + 3 * x, bmp->colours[index], 3);
    }
  }
  return CC_OK;
}

const cc_codec cc_bmp_codec = {create, destroy, open, decode};
