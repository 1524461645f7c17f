// From the samples of a TIFF to RGB, with the pixels of Pillow's convert("RGB").
#include "tiff_pixels.h"

#include <string.h>

size_t cc_tiff_samples(const cc_tiff_pixels *pixels) {
  switch (pixels->kind) {
    case CC_RGB:
      return 3;
    case CC_RGB_WITH_ALPHA:
    case CC_INKS:
      return 4;
    default:
      return 1;
  }
}

static uint32_t sample(const uint8_t *row, size_t index, uint32_t bits) {
  if (bits == 16) {
    uint16_t value;
    memcpy(&value, row + 2 * index, 2);
    return value;
  }
  size_t bit = index * bits;
  uint32_t shift = bit % 8, value = row[bit / 8];
  uint32_t length = 8;
  // A sample ends in the same byte or the next, which is not read unless it does.
  if (shift + bits > 8) {
    value = value << 8 | row[bit / 8 + 1];
    length = 16;
  }
  if (shift + bits > 16) {
    value = value << 8 | row[bit / 8 + 2];
    length = 24;
  }
  return value >> (length - shift - bits) & ((1u << bits) - 1);
}

void cc_tiff_unpack(const cc_tiff_pixels *pixels, const uint8_t *row, size_t start, size_t step,
                    size_t count, uint8_t *target, size_t stride) {
  uint32_t bits = pixels->bits, range = (1u << bits) - 1;
  bool is_index = pixels->kind == CC_PALETTE;
  for (size_t x = 0; x < count; ++x) {
    size_t index = start + x * step;
    if (bits == 8) {
      target[x * stride] = row[index];
      continue;
    }
    uint32_t value = sample(row, index, bits);
    if (bits > 8) {
      value = !pixels->clips ? value >> (bits - 8) : value > 255 ? 255 : value;
    } else if (!is_index) {
      value = value * 255 / range;
    }
    target[x * stride] = (uint8_t)value;
  }
}

// Pillow divides by alpha what was multiplied by it.
static uint8_t divided(uint32_t value, uint32_t alpha) {
  if (alpha == 0) return 0;
  value = value * 255 / alpha;
  return (uint8_t)(value > 255 ? 255 : value);
}

void cc_tiff_convert(const cc_tiff_pixels *pixels, const uint8_t *samples, size_t count,
                     uint8_t *target) {
  switch (pixels->kind) {
    case CC_GRAY:
      for (size_t x = 0; x < count; ++x) memset(target + 3 * x, samples[x], 3);
      break;
    case CC_WHITE_IS_ZERO:
      for (size_t x = 0; x < count; ++x) memset(target + 3 * x, 255 - samples[x], 3);
      break;
    case CC_PALETTE:
      for (size_t x = 0; x < count; ++x) memcpy(target + 3 * x, pixels->palette[samples[x]], 3);
      break;
    case CC_RGB:
      memcpy(target, samples, 3 * count);
      break;
    case CC_RGB_WITH_ALPHA:
      for (size_t x = 0; x < count; ++x) {
        for (size_t c = 0; c < 3; ++c) {
          target[3 * x + c] = divided(samples[4 * x + c], samples[4 * x + 3]);
        }
      }
      break;
    case CC_INKS:
      cc_convert_inks(samples, count, target);
      break;
  }
}
