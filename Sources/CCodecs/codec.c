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
  // No side is above 2^32, so that two factors fit; the division guards the third.
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

bool cc_reserve(cc_buffer *buffer, size_t size) {
  if (buffer->capacity >= size) return true;
  free(buffer->bytes);
  buffer->bytes = malloc(size);
  buffer->capacity = buffer->bytes == NULL ? 0 : size;
  return buffer->bytes != NULL;
}

void cc_trim(cc_buffer *buffer) {
  enum { MOST_KEPT = 128 << 20 };
  if (buffer->capacity <= MOST_KEPT) return;
  free(buffer->bytes);
  *buffer = (cc_buffer){0};
}

void cc_convert_inks(const uint8_t *inks, size_t count, uint8_t *pixels) {
  for (size_t x = 0; x < count; ++x) {
    uint32_t white = 255 - inks[4 * x + 3];
    for (size_t c = 0; c < 3; ++c) {
      uint32_t product = inks[4 * x + c] * white + 128;
      pixels[3 * x + c] = (uint8_t)(white - ((product + (product >> 8)) >> 8));
    }
  }
}

// The only list of what can be decoded, in words.
#ifdef CC_HEIF
static const char formats[] = "JPEG, PNG, WebP, GIF, BMP, TIFF, HEIF and AVIF";
#else
static const char formats[] = "JPEG, PNG, WebP, GIF, BMP and TIFF";
#endif

const char *cc_formats(void) { return formats; }

static const cc_codec *codec_of(int32_t format) {
  switch (format) {
    case CC_FORMAT_JPEG:
      return &cc_jpeg_codec;
    case CC_FORMAT_PNG:
      return &cc_png_codec;
    case CC_FORMAT_WEBP:
      return &cc_webp_codec;
    case CC_FORMAT_GIF:
      return &cc_gif_codec;
    case CC_FORMAT_BMP:
      return &cc_bmp_codec;
    case CC_FORMAT_TIFF:
      return &cc_tiff_codec;
#ifdef CC_HEIF
    case CC_FORMAT_HEIF:
    case CC_FORMAT_AVIF:
      return &cc_heif_codec;
#endif
    default:
      return NULL;
  }
}

int32_t cc_decodes(int32_t format) { return codec_of(format) != NULL; }

static bool has(const uint8_t *bytes, size_t count, size_t offset, const char *magic,
                size_t length) {
  return count >= offset + length && memcmp(bytes + offset, magic, length) == 0;
}

static int32_t format_of(const uint8_t *bytes, size_t count) {
  static const struct {
    const char *magic;
    size_t length;
    int32_t format;
  } beginnings[] = {
      {"\xff\xd8\xff", 3, CC_FORMAT_JPEG},
      {"\x89PNG\r\n\x1a\n", 8, CC_FORMAT_PNG},
      {"GIF87a", 6, CC_FORMAT_GIF},
      {"GIF89a", 6, CC_FORMAT_GIF},
      {"BM", 2, CC_FORMAT_BMP},
      {"II*\0", 4, CC_FORMAT_TIFF},
      {"MM\0*", 4, CC_FORMAT_TIFF},
      {"II+\0", 4, CC_FORMAT_TIFF},
      {"MM\0+", 4, CC_FORMAT_TIFF},
  };
  static const char *heif[] = {"heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1"};
  for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); ++i) {
    if (has(bytes, count, 0, beginnings[i].magic, beginnings[i].length)) {
      return beginnings[i].format;
    }
  }
  // A bitmap without the header of its file: that of Windows, with one plane.
  if (has(bytes, count, 0, "(\0\0\0", 4) && has(bytes, count, 12, "\1\0", 2)) return CC_FORMAT_BMP;
  if (has(bytes, count, 0, "RIFF", 4) && has(bytes, count, 8, "WEBP", 4)) return CC_FORMAT_WEBP;
  if (!has(bytes, count, 4, "ftyp", 4)) return 0;
  if (has(bytes, count, 8, "avif", 4) || has(bytes, count, 8, "avis", 4)) return CC_FORMAT_AVIF;
  for (size_t i = 0; i < sizeof(heif) / sizeof(heif[0]); ++i) {
    if (has(bytes, count, 8, heif[i], 4)) return CC_FORMAT_HEIF;
  }
  return 0;
}

static int32_t sniff(const uint8_t *bytes, size_t count, char *message, int32_t *format) {
  static const struct {
    const char *magic;
    size_t offset, length;
    const char *name;
  } foreign[] = {
      {"RIFF", 0, 4, "a RIFF file"},   {"ftyp", 4, 4, "an ISO media file (a film?)"},
      {"jP  ", 4, 4, "a JPEG 2000"},   {"JXL ", 4, 4, "a JPEG XL"},
      {"\xff\x0a", 0, 2, "a JPEG XL"}, {"8BPS", 0, 4, "a Photoshop file"},
      {"%PDF", 0, 4, "a PDF"},         {"<", 0, 1, "text (HTML, SVG?)"},
      {"version https://git-lfs", 0, 23, "a Git LFS pointer (`git lfs pull` brings the image)"},
  };
  if (count == 0) return cc_fail(CC_UNKNOWN_FORMAT, message, "it is empty (no bytes)");
  *format = format_of(bytes, count);
  if (codec_of(*format) != NULL) return CC_OK;
  if (*format != 0) {
    return cc_fail(CC_UNKNOWN_FORMAT, message,
                   "it seems to be HEIF or AVIF, and this FunMatch was built without libheif; the "
                   "known formats are %s",
                   formats);
  }
  for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); ++i) {
    if (has(bytes, count, foreign[i].offset, foreign[i].magic, foreign[i].length)) {
      return cc_fail(CC_UNKNOWN_FORMAT, message, "it seems to be %s; the known formats are %s",
                     foreign[i].name, formats);
    }
  }
  char hex[3 * 8 + 1] = "";
  for (size_t i = 0; i < 8 && i < count; ++i) snprintf(hex + 3 * i, 4, " %02x", bytes[i]);
  return cc_fail(CC_UNKNOWN_FORMAT, message, "its first bytes are%s, as of no known format (%s)",
                 hex, formats);
}

struct cc_decoder {
  void *states[CC_FORMAT_AVIF + 1];  // by format; null for those that no image had yet
  cc_header header;                  // of the open image; format 0 when there is none
};

cc_decoder *cc_create(void) { return calloc(1, sizeof(cc_decoder)); }

void cc_destroy(cc_decoder *decoder) {
  if (decoder == NULL) return;
  for (int32_t format = 0; format <= CC_FORMAT_AVIF; ++format) {
    if (decoder->states[format] != NULL) codec_of(format)->destroy(decoder->states[format]);
  }
  free(decoder);
}

int32_t cc_open(cc_decoder *decoder, const uint8_t *bytes, size_t count, int32_t flags,
                uint64_t limit, char *message, cc_header *header) {
  decoder->header = (cc_header){0};
  *header = (cc_header){.orientation = 1};
  int32_t status = sniff(bytes, count, message, &header->format);
  if (status != CC_OK) return status;
  const cc_codec *codec = codec_of(header->format);
  void **state = &decoder->states[header->format];
  if (*state == NULL) *state = codec->create();
  if (*state == NULL) return cc_fail(CC_FAILED, message, "out of memory");
  status = codec->open(*state, bytes, count, flags, limit, message, header);
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
  return codec_of(open.format)->decode(decoder->states[open.format], box, message, pixels, layout);
}
