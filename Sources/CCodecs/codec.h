// What the files of this target share.
#ifndef FUNMATCH_CODEC_H
#define FUNMATCH_CODEC_H

#include <stdint.h>

#include "CCodecs.h"

// Writes a message (printf style) and returns `status`.
int32_t cc_fail(int32_t status, char *message, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

// CC_OK if height * width * 3 bytes stay within `limit`.
int32_t cc_check_size(uint64_t height, uint64_t width, uint64_t limit, char *message);

// The message for a header that promises more pixels than the file's bytes can hold.
int32_t cc_fail_promise(uint64_t height, uint64_t width, size_t count, char *message);

int32_t cc_jpeg_header(const uint8_t *bytes, size_t count, uint64_t limit, char *message,
                       cc_header *header);
int32_t cc_jpeg_decode(const uint8_t *bytes, size_t count, int32_t flags, size_t capacity,
                       char *message, uint8_t *pixels);
int32_t cc_png_header(const uint8_t *bytes, size_t count, uint64_t limit, char *message,
                      cc_header *header);
int32_t cc_png_decode(const uint8_t *bytes, size_t count, size_t capacity, char *message,
                      uint8_t *pixels);

#endif
