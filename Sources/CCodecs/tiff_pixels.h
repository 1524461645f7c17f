// From the samples of a TIFF to RGB.
#ifndef FUNMATCH_TIFF_PIXELS_H
#define FUNMATCH_TIFF_PIXELS_H

#include "codec.h"

typedef enum {
  CC_GRAY,
  CC_WHITE_IS_ZERO,
  CC_PALETTE,
  CC_RGB,
  CC_RGB_WITH_ALPHA,
  CC_INKS
} cc_tiff_kind;

typedef struct {
  cc_tiff_kind kind;
  uint32_t bits;  // of a sample, 1 to 16
  bool clips;     // more than 8 bits are cut off at 255 rather than shifted
  uint8_t palette[256][3];
} cc_tiff_pixels;

// How many samples of a pixel its colour takes: the first ones, and the alpha that RGB is
// multiplied by.
size_t cc_tiff_samples(const cc_tiff_pixels *pixels);

// Makes bytes of `count` samples of a row, every `step`th one from `start` on, and writes them to
// every `stride`th byte of `target`.
void cc_tiff_unpack(const cc_tiff_pixels *pixels, const uint8_t *row, size_t start, size_t step,
                    size_t count, uint8_t *target, size_t stride);

// Converts `count` pixels of such bytes.
void cc_tiff_convert(const cc_tiff_pixels *pixels, const uint8_t *samples, size_t count,
                     uint8_t *target);

#endif
