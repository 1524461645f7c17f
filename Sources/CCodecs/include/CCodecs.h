// A thin C ABI over libjpeg-turbo and libpng. It exists because both libraries report errors by
// longjmp, which must not cross Swift frames: here every error becomes a status and a message.
//
// No function keeps state: all may be called from several threads at once.
#ifndef FUNMATCH_CCODECS_H
#define FUNMATCH_CCODECS_H

#include <stddef.h>
#include <stdint.h>

#define CC_CHECKED __attribute__((warn_unused_result))

// Status of every fallible function. Anything but CC_OK comes with a message.
enum {
  CC_OK = 0,
  CC_UNKNOWN_FORMAT = 1,  // neither JPEG nor PNG
  CC_DAMAGED = 2,         // truncated, corrupt, or of a kind that the library cannot decode
  CC_TOO_LARGE = 3,       // more pixels than the caller allows
  CC_FAILED = 4,          // the library could not do it (out of memory, wrong arguments)
};

enum { CC_FORMAT_JPEG = 1, CC_FORMAT_PNG = 2 };

// Flags of cc_decode.
enum {
  CC_ACCURATE_DCT = 1,   // JPEG: JDCT_ISLOW rather than JDCT_IFAST
  CC_ACCEPT_DAMAGE = 2,  // JPEG: corrupt data inside a complete file is decoded as far as it goes
};

// Size of the caller's message buffer; messages are cut to fit and always end in a zero byte.
enum { CC_MESSAGE_SIZE = 256 };

typedef struct {
  int32_t format;
  int32_t height;
  int32_t width;
} cc_header;

// Reads format and size without decoding pixels. Refuses (before any memory is taken) images whose
// RGB buffer would exceed `limit` bytes, and headers that promise more pixels than `count` bytes
// can hold in that format.
CC_CHECKED int32_t cc_read_header(const uint8_t *bytes, size_t count, uint64_t limit, char *message,
                                  cc_header *header);

// Decodes to RGB, uint8, (height, width, 3), rows without padding. `capacity` is the size of
// `pixels` and must be height * width * 3 of the header.
CC_CHECKED int32_t cc_decode(const uint8_t *bytes, size_t count, int32_t flags, size_t capacity,
                             char *message, uint8_t *pixels);

// Size of the buffer that cc_encode_png needs at most; 0 if no such PNG can be written.
size_t cc_png_capacity(int32_t height, int32_t width);

// Writes RGB, uint8, (height, width, 3) as PNG into `bytes`; `count` is its capacity before and the
// number of bytes written after.
CC_CHECKED int32_t cc_encode_png(const uint8_t *pixels, int32_t height, int32_t width,
                                 char *message, uint8_t *bytes, size_t *count);

#endif
