// Finds out what an image is by its first bytes, never by its name, and hands it to the right
// library.
#include "codec.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int32_t cc_fail(int32_t status, char *message, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, CC_MESSAGE_SIZE, format, arguments);
  va_end(arguments);
  return status;
}

int32_t cc_check_size(uint64_t height, uint64_t width, uint64_t limit, char *message) {
  // JPEG keeps the sides below 2^16 and libpng below 10^6, so that two factors and more fit; the
  // division guards the third.
  if (height * width > limit / 3) {
    return cc_fail(CC_TOO_LARGE, message,
                   "%" PRIu64 " x %" PRIu64
                   " pixels (height x width) need more than the limit of "
                   "%" PRIu64 " bytes",
                   height, width, limit);
  }
  return CC_OK;
}

int32_t cc_fail_promise(uint64_t height, uint64_t width, size_t count, char *message) {
  return cc_fail(CC_DAMAGED, message,
                 "the header promises %" PRIu64 " x %" PRIu64
                 " pixels (height x width), which %zu "
                 "bytes cannot hold",
                 height, width, count);
}

static int starts_with(const uint8_t *bytes, size_t count, const char *magic, size_t length) {
  return count >= length && memcmp(bytes, magic, length) == 0;
}

static int32_t sniff(const uint8_t *bytes, size_t count, char *message, int32_t *format) {
  static const struct {
    const char *magic;
    size_t length;
    const char *name;
  } foreign[] = {
      {"GIF8", 4, "a GIF"},
      {"RIFF", 4, "a RIFF file (WebP?)"},
      {"BM", 2, "a BMP"},
      {"II*\0", 4, "a TIFF"},
      {"MM\0*", 4, "a TIFF"},
      {"%PDF", 4, "a PDF"},
      {"<", 1, "text (HTML, SVG?)"},
  };
  if (count == 0) return cc_fail(CC_UNKNOWN_FORMAT, message, "it is empty (no bytes)");
  if (starts_with(bytes, count, "\xff\xd8\xff", 3)) {
    *format = CC_FORMAT_JPEG;
    return CC_OK;
  }
  if (starts_with(bytes, count, "\x89PNG\r\n\x1a\n", 8)) {
    *format = CC_FORMAT_PNG;
    return CC_OK;
  }
  for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); ++i) {
    if (starts_with(bytes, count, foreign[i].magic, foreign[i].length)) {
      return cc_fail(CC_UNKNOWN_FORMAT, message,
                     "it seems to be %s; the known formats are JPEG and PNG", foreign[i].name);
    }
  }
  if (count >= 8 && memcmp(bytes + 4, "ftyp", 4) == 0) {
    return cc_fail(CC_UNKNOWN_FORMAT, message,
                   "it seems to be an ISO media file (HEIF, AVIF?); the known formats are JPEG and "
                   "PNG");
  }
  char hex[3 * 8 + 1] = "";
  for (size_t i = 0; i < 8 && i < count; ++i) snprintf(hex + 3 * i, 4, " %02x", bytes[i]);
  return cc_fail(CC_UNKNOWN_FORMAT, message,
                 "its first bytes are%s; the known formats are JPEG (ff d8 ff) and PNG "
                 "(89 50 4e 47 0d 0a 1a 0a)",
                 hex);
}

struct cc_decoder {
  cc_jpeg *jpeg;
  cc_png *png;
  cc_header header;  // of the open image; format 0 when there is none
};

cc_decoder *cc_create(void) {
  cc_decoder *decoder = calloc(1, sizeof(cc_decoder));
  if (decoder == NULL) return NULL;
  decoder->jpeg = cc_jpeg_create();
  decoder->png = cc_png_create();
  if (decoder->jpeg != NULL && decoder->png != NULL) return decoder;
  cc_destroy(decoder);
  return NULL;
}

void cc_destroy(cc_decoder *decoder) {
  if (decoder == NULL) return;
  cc_jpeg_destroy(decoder->jpeg);
  cc_png_destroy(decoder->png);
  free(decoder);
}

int32_t cc_open(cc_decoder *decoder, const uint8_t *bytes, size_t count, int32_t flags,
                uint64_t limit, char *message, cc_header *header) {
  decoder->header = (cc_header){0};
  *header = (cc_header){.orientation = 1};
  int32_t status = sniff(bytes, count, message, &header->format);
  if (status != CC_OK) return status;
  status = header->format == CC_FORMAT_JPEG
               ? cc_jpeg_open(decoder->jpeg, bytes, count, flags, limit, message, header)
               : cc_png_open(decoder->png, bytes, count, flags, limit, message, header);
  if (status == CC_OK) decoder->header = *header;
  return status;
}

int32_t cc_decode(cc_decoder *decoder, int32_t y, int32_t x, int32_t height, int32_t width,
                  size_t capacity, char *message, uint8_t *pixels, cc_layout *layout) {
  cc_header open = decoder->header;
  decoder->header = (cc_header){0};
  if (open.format == 0) return cc_fail(CC_FAILED, message, "no image is open");
  if (y < 0 || x < 0 || height <= 0 || width <= 0 || height > open.height - y ||
      width > open.width - x) {
    return cc_fail(CC_FAILED, message, "the box is not inside the image");
  }
  int32_t most = open.width - CC_MARGIN < width ? open.width : width + CC_MARGIN;
  if (capacity < (size_t)height * (size_t)most * 3) {
    return cc_fail(CC_FAILED, message, "a buffer of %zu bytes is too small", capacity);
  }
  cc_box box = {y, x, height, width};
  *layout = (cc_layout){0, (size_t)width * 3};
  return open.format == CC_FORMAT_JPEG ? cc_jpeg_decode(decoder->jpeg, box, message, pixels, layout)
                                       : cc_png_decode(decoder->png, box, message, pixels);
}
