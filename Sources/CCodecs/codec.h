// What the files of this target share.
#ifndef FUNMATCH_CODEC_H
#define FUNMATCH_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#include "CCodecs.h"

typedef struct cc_jpeg cc_jpeg;
typedef struct cc_png cc_png;

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

// The orientation, 1 to 8, that the TIFF structure of an EXIF block names; 1 where it names none.
int32_t cc_exif_orientation(const uint8_t *tiff, size_t count);

cc_jpeg *cc_jpeg_create(void);
void cc_jpeg_destroy(cc_jpeg *jpeg);
int32_t cc_jpeg_open(cc_jpeg *jpeg, const uint8_t *bytes, size_t count, int32_t flags,
                     uint64_t limit, char *message, cc_header *header);
// `pixels` holds box.height * min(box.width + CC_MARGIN, the image's width) * 3 bytes.
int32_t cc_jpeg_decode(cc_jpeg *jpeg, cc_box box, char *message, uint8_t *pixels,
                       cc_layout *layout);

cc_png *cc_png_create(void);
void cc_png_destroy(cc_png *png);
int32_t cc_png_open(cc_png *png, const uint8_t *bytes, size_t count, int32_t flags, uint64_t limit,
                    char *message, cc_header *header);
int32_t cc_png_decode(cc_png *png, cc_box box, char *message, uint8_t *pixels);

#endif
