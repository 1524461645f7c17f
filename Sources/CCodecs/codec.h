// What the files of this target share.
#ifndef FUNMATCH_CODEC_H
#define FUNMATCH_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#include "CCodecs.h"

typedef struct {
  int32_t y, x, height, width;
} cc_box;

// Writes a message (printf style) and returns `status`.
int32_t cc_fail(int32_t status, char *message, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// CC_OK if height * width * 3 bytes stay within `limit`.
int32_t cc_check_size(uint64_t height, uint64_t width, uint64_t limit, char *message);

// The message for a header that promises more pixels than the file's bytes can hold.
int32_t cc_fail_promise(uint64_t height, uint64_t width, size_t count, char *message);

// The orientation, 1 to 8, that the TIFF structure of an EXIF block names, before which its own
// "Exif" and two bytes may stand; 1 where it names another, 0 where it names none.
int32_t cc_exif_orientation(const uint8_t *tiff, size_t count);

// The same of an XMP packet, which counts where EXIF names none.
int32_t cc_xmp_orientation(const uint8_t *text, size_t count);

// The orientation, 1 to 8, that the chunks of a PNG file name; 1 where they name none.
int32_t cc_png_orientation(const uint8_t *bytes, size_t count);

// The same of a TIFF file that libtiff has opened; `bytes` are the whole file.
struct tiff;
int32_t cc_tiff_orientation(struct tiff *file, const uint8_t *bytes, size_t count);

// Key by ink to RGB with the pixels of Pillow's convert("RGB"); `inks` are C, M, Y and K, where 255
// is full ink.
void cc_convert_inks(const uint8_t *inks, size_t count, uint8_t *pixels);

// Memory that is kept from one image to the next.
typedef struct {
  uint8_t *bytes;
  size_t capacity;
} cc_buffer;

// Makes room for `size` bytes, whose contents are lost. False when memory runs out.
bool cc_reserve(cc_buffer *buffer, size_t size);

// Gives up what only a rare, huge image needs.
void cc_trim(cc_buffer *buffer);

// How one format is decoded; `state` is what `create` made.
typedef struct {
  void *(*create)(void);  // null when memory runs out
  void (*destroy)(void *state);
  int32_t (*open)(void *state, const uint8_t *bytes, size_t count, int32_t flags, uint64_t limit,
                  char *message, cc_header *header);
  // `pixels` holds box.height * min(box.width + CC_MARGIN, the image's width) * 3 bytes; `layout`
  // says before that the box fills them from the start, row by row.
  int32_t (*decode)(void *state, cc_box box, char *message, uint8_t *pixels, cc_layout *layout);
} cc_codec;

extern const cc_codec cc_jpeg_codec, cc_png_codec, cc_webp_codec, cc_gif_codec, cc_bmp_codec,
    cc_tiff_codec, cc_heif_codec;

#endif
