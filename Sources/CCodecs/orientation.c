// The one tag of EXIF and of XMP that matters for pixels.
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
  if (count < 8 || (memcmp(bytes, "II*\0", 4) != 0 && memcmp(bytes, "MM\0*", 4) != 0)) return 0;
  tiff_reader tiff = {bytes, count, bytes[0] == 'M'};
  size_t directory = number(&tiff, 4, 4);
  size_t entries = number(&tiff, directory, 2);
  for (size_t i = 0; i < entries; ++i) {
    size_t entry = directory + 2 + 12 * i;
    if (entry + 12 > count) return 0;
    if (number(&tiff, entry, 2) != ORIENTATION) continue;
    // Some writers store it as LONG.
    uint32_t type = number(&tiff, entry + 2, 2);
    size_t size = type == SHORT ? 2 : type == LONG ? 4 : 0;
    uint32_t value = number(&tiff, entry + 8, size);
    return value >= 1 && value <= 8 ? (int32_t)value : 1;
  }
  return 0;
}

int32_t cc_xmp_orientation(const uint8_t *text, size_t count) {
  static const char name[] = "tiff:Orientation";
  enum { LENGTH = sizeof(name) - 1 };
  // As an attribute, `="6"`, or as an element, `>6<`; what else is called so is passed over, as
  // Pillow does.
  for (size_t i = 0; i + LENGTH + 1 < count; ++i) {
    if (text[i] != name[0] || memcmp(text + i, name, LENGTH) != 0) continue;
    const uint8_t *value = text + i + LENGTH;
    if (value[0] == '=' && value[1] == '"' && i + LENGTH + 2 < count) {
      value += 2;
    } else if (value[0] == '>') {
      value += 1;
    } else {
      continue;
    }
    if (*value >= '0' && *value <= '9') return *value >= '1' && *value <= '8' ? *value - '0' : 1;
  }
  return 0;
}
