// TIFF decoding by libtiff, with every compression that it was built with: the first directory, in
// strips or tiles, of which only those are decoded that a box touches. Alpha is dropped without
// compositing, of more than 8 bits the high ones are kept, colour profiles are ignored. Left out:
// CIE L*a*b*, floating point, more than 16 bits.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tiffio.h>

#include "tiff_pixels.h"

// Before version 4.5 libtiff has neither limits of memory nor handlers of errors of one file.
#if TIFFLIB_VERSION >= 20221213
#define HAS_OPTIONS 1
#else
#define HAS_OPTIONS 0
#endif

typedef struct {
  TIFF *tiff;
  const uint8_t *bytes;
  size_t count, position;
  int32_t flags;
  uint64_t limit;
  char *message;
  bool has_failed;     // and why is in the message
  bool reads_as_rgba;  // libtiff converts colours: YCbCr that is not JPEG's
  bool is_tiled, is_planar;
  uint32_t height, width;
  uint32_t chunk_height, chunk_width;  // of a strip or tile
  uint16_t samples;                    // of a pixel
  cc_tiff_pixels pixels;
  cc_buffer chunk, line;
} cc_tiff;

static void note(cc_tiff *state, const char *format, va_list arguments) {
  if (state->has_failed) return;
  vsnprintf(state->message, CC_MESSAGE_SIZE, format, arguments);
  // An orientation that there is not is none, and no damage.
  state->has_failed = strstr(state->message, "\"Orientation\" tag") == NULL;
}

#if HAS_OPTIONS
static int on_error(TIFF *tiff, void *opaque, const char *module, const char *format,
                    va_list arguments) {
  (void)tiff;
  (void)module;
  note(opaque, format, arguments);
  return 1;
}

// Fax and JPEG data that are damaged are only warned of, and so are tags that lie beyond the end of the
// file, such as the palette.
static int on_warning(TIFF *tiff, void *opaque, const char *module, const char *format,
                      va_list arguments) {
  (void)tiff;
  cc_tiff *state = opaque;
  bool matters = strncmp(module, "Fax", 3) == 0 || strcmp(module, "JPEGLib") == 0 ||
                 strstr(format, "IO error") != NULL;
  if (matters && !(state->flags & CC_ACCEPT_DAMAGE)) note(state, format, arguments);
  return 1;
}
#endif

static tmsize_t read_bytes(thandle_t handle, void *target, tmsize_t length) {
  cc_tiff *state = handle;
  size_t left = state->position < state->count ? state->count - state->position : 0;
  size_t size = (size_t)length < left ? (size_t)length : left;
  memcpy(target, state->bytes + state->position, size);
  state->position += size;
  return (tmsize_t)size;
}

static tmsize_t write_bytes(thandle_t handle, void *source, tmsize_t length) {
  (void)handle;
  (void)source;
  (void)length;
  return 0;
}

static toff_t seek(thandle_t handle, toff_t offset, int whence) {
  cc_tiff *state = handle;
  size_t base = whence == SEEK_CUR ? state->position : whence == SEEK_END ? state->count : 0;
  return state->position = base + offset;
}

static int close_bytes(thandle_t handle) {
  (void)handle;
  return 0;
}

static toff_t size_of(thandle_t handle) { return ((cc_tiff *)handle)->count; }

static int map(thandle_t handle, void **base, toff_t *size) {
  cc_tiff *state = handle;
  // libtiff does not write to what it has mapped.
  *base = (void *)(uintptr_t)state->bytes;
  *size = state->count;
  return 1;
}

static void unmap(thandle_t handle, void *base, toff_t size) {
  (void)handle;
  (void)base;
  (void)size;
}

static void *create(void) {
#if !HAS_OPTIONS
  TIFFSetErrorHandler(NULL);
  TIFFSetWarningHandler(NULL);
#endif
  return calloc(1, sizeof(cc_tiff));
}

static int32_t finish(cc_tiff *state, int32_t status) {
  if (state->tiff != NULL) TIFFClose(state->tiff);
  state->tiff = NULL;
  cc_trim(&state->chunk);
  cc_trim(&state->line);
  return status;
}

static void destroy(void *opaque) {
  cc_tiff *state = opaque;
  finish(state, CC_OK);
  free(state->chunk.bytes);
  free(state->line.bytes);
  free(state);
}

// The error that libtiff has told of, or else these words.
static int32_t fail(cc_tiff *state, const char *words) {
  int32_t status = CC_DAMAGED;
  if (!state->has_failed) cc_fail(status, state->message, "%s", words);
  return finish(state, status);
}

static int32_t fail_allocation(cc_tiff *state) {
  return finish(state, cc_fail(CC_FAILED, state->message, "out of memory"));
}

static uint64_t memory_limit(const cc_tiff *state) { return state->limit + (16 << 20); }

static int32_t fail_memory(cc_tiff *state) {
  return finish(
      state, cc_fail(CC_TOO_LARGE, state->message, "it needs more memory than the limit allows"));
}

static TIFF *open_tiff(cc_tiff *state) {
#if HAS_OPTIONS
  TIFFOpenOptions *options = TIFFOpenOptionsAlloc();
  if (options == NULL) return NULL;
  uint64_t most = memory_limit(state);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options, most < PTRDIFF_MAX ? (tmsize_t)most : PTRDIFF_MAX);
  TIFFOpenOptionsSetErrorHandlerExtR(options, on_error, state);
  TIFFOpenOptionsSetWarningHandlerExtR(options, on_warning, state);
  TIFF *tiff = TIFFClientOpenExt("image", "r", state, read_bytes, write_bytes, seek, close_bytes,
                                 size_of, map, unmap, options);
  TIFFOpenOptionsFree(options);
  return tiff;
#else
  return TIFFClientOpen("image", "r", state, read_bytes, write_bytes, seek, close_bytes, size_of,
                        map, unmap);
#endif
}

// Sixteen bits a channel, of which the high ones are kept; but all of them are low ones in old
// files.
static bool read_palette(TIFF *tiff, cc_tiff_pixels *pixels) {
  uint16_t *channels[3];
  if (pixels->bits > 8 ||
      !TIFFGetField(tiff, TIFFTAG_COLORMAP, &channels[0], &channels[1], &channels[2])) {
    return false;
  }
  size_t count = (size_t)1 << pixels->bits;
  bool is_low = true;
  for (size_t i = 0; i < count * 3; ++i) is_low = is_low && channels[i % 3][i / 3] < 256;
  for (size_t i = 0; i < count * 3; ++i) {
    uint32_t value = channels[i % 3][i / 3];
    pixels->palette[i / 3][i % 3] = (uint8_t)(is_low ? value : value >> 8);
  }
  return true;
}

// What the samples mean. False, with a message, where that is nothing that can be shown.
static bool read_colours(cc_tiff *state, uint16_t compression) {
  TIFF *tiff = state->tiff;
  cc_tiff_pixels *pixels = &state->pixels;
  uint16_t format = SAMPLEFORMAT_UINT, photometric, inks = INKSET_CMYK, extras = 0, *kinds = NULL;
  uint16_t bits = 1;
  TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &bits);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &format);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &extras, &kinds);
  TIFFGetFieldDefaulted(tiff, TIFFTAG_INKSET, &inks);
  if (!TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &photometric)) {
    photometric = state->samples < 3 ? PHOTOMETRIC_MINISWHITE : PHOTOMETRIC_RGB;
  }
  if (compression == COMPRESSION_OJPEG) photometric = PHOTOMETRIC_YCBCR;
  *pixels = (cc_tiff_pixels){.kind = CC_GRAY, .bits = bits};
  bool is_signed = format == SAMPLEFORMAT_INT && bits != 8;
  if (bits == 0 || bits > 16 || is_signed || format == SAMPLEFORMAT_IEEEFP ||
      format > SAMPLEFORMAT_VOID) {
    cc_fail(CC_DAMAGED, state->message,
            "samples of %d bits%s; only unsigned whole numbers of at most 16 can be decoded", bits,
            is_signed                       ? ", signed"
            : format == SAMPLEFORMAT_IEEEFP ? ", floating point"
                                            : "");
    return false;
  }
  bool as_pillow = state->flags & CC_PILLOW, is_single = state->samples == 1;
  pixels->clips = as_pillow && bits > 8 && is_single;
  switch (photometric) {
    case PHOTOMETRIC_MINISWHITE:
      // Pillow does not turn these round.
      if (!pixels->clips) pixels->kind = CC_WHITE_IS_ZERO;
      return true;
    case PHOTOMETRIC_MINISBLACK:
      return true;
    case PHOTOMETRIC_PALETTE:
      pixels->kind = CC_PALETTE;
      if (read_palette(tiff, pixels)) return true;
      cc_fail(CC_DAMAGED, state->message, "it has no palette");
      return false;
    case PHOTOMETRIC_RGB:
      pixels->kind = CC_RGB;
      if (extras > 0 && kinds[0] == EXTRASAMPLE_ASSOCALPHA) pixels->kind = CC_RGB_WITH_ALPHA;
      return true;
    case PHOTOMETRIC_SEPARATED:
      pixels->kind = CC_INKS;
      if (inks == INKSET_CMYK) return true;
      cc_fail(CC_DAMAGED, state->message, "its inks are others than CMYK");
      return false;
    case PHOTOMETRIC_YCBCR:
      pixels->kind = CC_RGB;
      // libjpeg converts what is its own.
      state->reads_as_rgba = compression != COMPRESSION_JPEG || state->is_planar || is_single;
      if (state->reads_as_rgba) return true;
      TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
      return true;
    default:
      cc_fail(CC_DAMAGED, state->message, "colours of kind %d cannot be decoded", photometric);
      return false;
  }
}

static int32_t open(void *opaque, const uint8_t *bytes, size_t count, int32_t flags, uint64_t limit,
                    char *message, cc_header *header) {
  cc_tiff *state = opaque;
  finish(state, CC_OK);
  state->bytes = bytes;
  state->count = count;
  state->position = 0;
  state->flags = flags;
  state->limit = limit;
  state->message = message;
  state->has_failed = state->reads_as_rgba = false;
  state->tiff = open_tiff(state);
  if (state->tiff == NULL) return fail(state, "libtiff cannot read its header");
  if (state->has_failed) return finish(state, CC_DAMAGED);
  uint16_t planar = PLANARCONFIG_CONTIG, compression = COMPRESSION_NONE;
  state->height = state->width = 0;
  TIFFGetField(state->tiff, TIFFTAG_IMAGELENGTH, &state->height);
  TIFFGetField(state->tiff, TIFFTAG_IMAGEWIDTH, &state->width);
  TIFFGetFieldDefaulted(state->tiff, TIFFTAG_SAMPLESPERPIXEL, &state->samples);
  TIFFGetFieldDefaulted(state->tiff, TIFFTAG_PLANARCONFIG, &planar);
  TIFFGetFieldDefaulted(state->tiff, TIFFTAG_COMPRESSION, &compression);
  if (state->height == 0 || state->width == 0 || state->height > INT32_MAX ||
      state->width > INT32_MAX) {
    return fail(state, "its header names no size");
  }
  header->height = (int32_t)state->height;
  header->width = (int32_t)state->width;
  // Pillow turns a TIFF whenever it reads one.
  if (flags & (CC_ORIENTATION | CC_PILLOW)) {
    header->orientation = cc_tiff_orientation(state->tiff, bytes, count);
  }
  int32_t status = cc_check_size(state->height, state->width, limit, message);
  if (status != CC_OK) return finish(state, status);
  state->is_planar = planar == PLANARCONFIG_SEPARATE && state->samples > 1;
  state->is_tiled = TIFFIsTiled(state->tiff);
  if (!read_colours(state, compression)) return finish(state, CC_DAMAGED);
  if (!state->reads_as_rgba && state->samples < cc_tiff_samples(&state->pixels)) {
    return fail(state, "a pixel has fewer samples than its colours take");
  }
  uint64_t pixel = (uint64_t)state->pixels.bits * (state->is_planar ? 1 : state->samples);
  if (compression == COMPRESSION_NONE && state->height * (pixel * state->width / 8) > count) {
    return finish(state, cc_fail_promise(state->height, state->width, count, message));
  }
  return CC_OK;
}

// Decodes as libtiff converts colours, the whole image at once.
static int32_t decode_rgba(cc_tiff *state, cc_box box, uint8_t *target, size_t stride) {
  size_t height = state->height, width = state->width;
  char reason[1024] = "";
  TIFFRGBAImage image;
  if ((uint64_t)height * width * 4 > memory_limit(state)) return fail_memory(state);
  if (!cc_reserve(&state->chunk, height * width * 4)) return fail_allocation(state);
  memset(state->chunk.bytes, 0, height * width * 4);
  if (!TIFFRGBAImageOK(state->tiff, reason) ||
      !TIFFRGBAImageBegin(&image, state->tiff, 1, reason)) {
    reason[CC_MESSAGE_SIZE - 1] = 0;
    return fail(state, reason);
  }
  // Nothing is turned here.
  image.req_orientation = image.orientation;
  uint32_t *raster = (uint32_t *)(void *)state->chunk.bytes;
  int is_read = TIFFRGBAImageGet(&image, raster, state->width, state->height);
  TIFFRGBAImageEnd(&image);
  if (!is_read || state->has_failed) return fail(state, "its picture is damaged");
  for (int32_t y = 0; y < box.height; ++y) {
    const uint32_t *row = raster + (size_t)(box.y + y) * width + (size_t)box.x;
    for (int32_t x = 0; x < box.width; ++x) {
      uint8_t *pixel = target + (size_t)y * stride + 3 * (size_t)x;
      pixel[0] = (uint8_t)TIFFGetR(row[x]);
      pixel[1] = (uint8_t)TIFFGetG(row[x]);
      pixel[2] = (uint8_t)TIFFGetB(row[x]);
    }
  }
  return finish(state, CC_OK);
}

// Reads the strip or tile that holds a pixel to `target`.
static bool read_chunk(cc_tiff *state, uint32_t y, uint32_t x, uint16_t plane, uint8_t *target,
                       size_t size) {
  TIFF *tiff = state->tiff;
  // What a fax leaves out must not be of another image.
  memset(target, 0, size);
  tmsize_t read =
      state->is_tiled
          ? TIFFReadEncodedTile(tiff, TIFFComputeTile(tiff, x, y, 0, plane), target, (tmsize_t)size)
          : TIFFReadEncodedStrip(tiff, TIFFComputeStrip(tiff, y, plane), target, (tmsize_t)size);
  return read >= 0 && !state->has_failed;
}

static uint32_t least(uint64_t a, uint64_t b) { return (uint32_t)(a < b ? a : b); }

static int32_t decode(void *opaque, cc_box box, char *message, uint8_t *target, cc_layout *layout) {
  cc_tiff *state = opaque;
  TIFF *tiff = state->tiff;
  state->message = message;
  state->chunk_width = state->width;
  state->chunk_height = state->height;
  if (state->reads_as_rgba) return decode_rgba(state, box, target, layout->stride);
  if (state->is_tiled) {
    TIFFGetField(tiff, TIFFTAG_TILEWIDTH, &state->chunk_width);
    TIFFGetField(tiff, TIFFTAG_TILELENGTH, &state->chunk_height);
  } else {
    TIFFGetFieldDefaulted(tiff, TIFFTAG_ROWSPERSTRIP, &state->chunk_height);
    state->chunk_height = least(state->chunk_height, state->height);
  }
  uint64_t size = state->is_tiled ? TIFFTileSize64(tiff) : TIFFStripSize64(tiff);
  uint64_t row = state->is_tiled ? TIFFTileRowSize64(tiff) : TIFFScanlineSize64(tiff);
  size_t samples = cc_tiff_samples(&state->pixels), planes = state->is_planar ? samples : 1;
  uint64_t taken = (uint64_t)state->chunk_width * (state->is_planar ? 1 : state->samples);
  uint32_t rows = state->chunk_height, columns = state->chunk_width;
  if (rows == 0 || columns == 0 || row < (taken * state->pixels.bits + 7) / 8 ||
      size / rows < row) {
    return fail(state, "its strips or tiles are of an impossible size");
  }
  if (size > memory_limit(state) / planes) return fail_memory(state);
  if (!cc_reserve(&state->chunk, size * planes) ||
      !cc_reserve(&state->line, samples * (size_t)box.width)) {
    return fail_allocation(state);
  }
  uint32_t bottom = (uint32_t)(box.y + box.height), right = (uint32_t)(box.x + box.width);
  for (uint32_t y = (uint32_t)box.y; y < bottom;) {
    uint32_t top = y / rows * rows, end = least((uint64_t)top + rows, bottom);
    for (uint32_t x = (uint32_t)box.x; x < right;) {
      uint32_t left = x / columns * columns, stop = least((uint64_t)left + columns, right);
      for (uint16_t plane = 0; plane < planes; ++plane) {
        if (!read_chunk(state, y, x, plane, state->chunk.bytes + plane * size, size)) {
          return fail(state, "its picture is damaged");
        }
      }
      for (uint32_t line = y; line < end; ++line) {
        const uint8_t *from = state->chunk.bytes + (line - top) * row;
        for (size_t c = 0; c < samples; ++c) {
          size_t first = x - left, step = state->is_planar ? 1 : state->samples;
          cc_tiff_unpack(&state->pixels, from + (state->is_planar ? c * size : 0),
                         first * step + (state->is_planar ? 0 : c), step, stop - x,
                         state->line.bytes + c, samples);
        }
        cc_tiff_convert(
            &state->pixels, state->line.bytes, stop - x,
            target + (line - (uint32_t)box.y) * layout->stride + 3 * (size_t)(x - (uint32_t)box.x));
      }
      x = stop;
    }
    y = end;
  }
  return finish(state, CC_OK);
}

const cc_codec cc_tiff_codec = {create, destroy, open, decode};
