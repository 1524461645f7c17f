// The one tag of EXIF that matters for pixels.
#include <string.h>

#include "codec.h"

enum { ORIENTATION = 0x0112, SHORT = 3, LONG = 4 };

typedef struct {
  const uint8_t *bytes;
  size_t count;
  bool is_big_endian;
} tiff_reader;

static uint32_t number(const tiff_reader *tiff, size_t offset, size_t size) {
  if (offset > tiff->count || size > tiff->count - offset) return 0;
  uint32_t value = 0;
  for (size_t i = 0; i < size; ++i) {
    size_t place = tiff->is_big_endian ? size - 1 - i : i;
    value |= (uint32_t)tiff->bytes[offset + i] << (8 * place);
  }
  return value;
}

int32_t cc_exif_orientation(const uint8_t *bytes, size_t count) {
  if (count > 6 && memcmp(bytes, "Exif", 5) == 0) {
    bytes += 6;
    count -= 6;
  }
  if (count < 8 || (memcmp(bytes, "II*\0", 4) != 0 && memcmp(bytes, "MM\0*", 4) != 0)) return 1;
  tiff_reader tiff = {bytes, count, bytes[0] == 'M'};
  size_t directory = number(&tiff, 4, 4);
  size_t entries = number(&tiff, directory, 2);
  for (size_t i = 0; i < entries; ++i) {
    size_t entry = directory + 2 + 12 * i;
    if (entry + 12 > count) return 1;
    if (number(&tiff, entry, 2) != ORIENTATION) continue;
    // Some writers store it as LONG.
    uint32_t type = number(&tiff, entry + 2, 2);
    size_t size = type == SHORT ? 2 : type == LONG ? 4 : 0;
    uint32_t value = number(&tiff, entry + 8, size);
    return value >= 1 && value <= 8 ? (int32_t)value : 1;
  }
  return 1;
}
