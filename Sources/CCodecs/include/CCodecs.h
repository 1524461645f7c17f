// A thin C ABI over the libraries that decode images, and the loops that the time of preparing
// images goes to: the ways of resizing, and Huffman decoding. It exists because libjpeg and libpng
// report errors by longjmp, which must not cross Swift frames (here every error becomes a status
// and a message), and because Swift cannot compile one loop for several instruction sets.
//
// Nothing is global: a decoder belongs to one thread at a time, and each thread may have its own.
#ifndef FUNMATCH_CCODECS_H
#define FUNMATCH_CCODECS_H

#include <stddef.h>
#include <stdint.h>

#define CC_CHECKED __attribute__((warn_unused_result))

// Status of every fallible function. Anything but CC_OK comes with a message.
enum {
  CC_OK = 0,
  CC_UNKNOWN_FORMAT = 1,  // of none that can be decoded
  CC_DAMAGED = 2,         // truncated, corrupt, or of a kind that the library cannot decode
  CC_TOO_LARGE = 3,       // more pixels than the caller allows
  CC_FAILED = 4,          // the library could not do it (out of memory, wrong arguments)
};

enum {
  CC_FORMAT_JPEG = 1,
  CC_FORMAT_PNG = 2,
  CC_FORMAT_WEBP = 3,
  CC_FORMAT_GIF = 4,
  CC_FORMAT_BMP = 5,
  CC_FORMAT_TIFF = 6,
  CC_FORMAT_HEIF = 7,
  CC_FORMAT_AVIF = 8,
};

// Whether a format can be decoded: HEIF and AVIF only where libheif was there when this was built.
int32_t cc_decodes(int32_t format);

// The names of those that can, as a list in a sentence.
const char *cc_formats(void);

// Flags of cc_open.
enum {
  CC_ACCURATE_DCT = 1,   // JPEG: JDCT_ISLOW rather than JDCT_IFAST
  CC_ACCEPT_DAMAGE = 2,  // JPEG, TIFF: corrupt data inside a complete file is decoded all the same
  CC_ORIENTATION = 4,    // look for the orientation that EXIF or XMP names
  CC_LIBJPEG_ONLY = 8,   // JPEG: with libjpeg's own Huffman decoder, for comparison
  CC_PILLOW = 16,        // pixels of Pillow's convert("RGB") where TensorFlow's are others
};

// Size of the caller's message buffer; messages are cut to fit and always end in a zero byte.
enum { CC_MESSAGE_SIZE = 256 };

typedef struct {
  int32_t format;
  int32_t height;
  int32_t width;
  int32_t orientation;  // EXIF's number, 1 to 8; 1 if there is none or nobody asked for it
} cc_header;

// Decodes one image after another with memory that it keeps.
typedef struct cc_decoder cc_decoder;

// A decoder; null when memory runs out. To be destroyed with cc_destroy.
cc_decoder *cc_create(void);
void cc_destroy(cc_decoder *decoder);

// Reads format and size without decoding pixels. Refuses (before memory is taken for pixels) images
// whose RGB buffer would exceed `limit` bytes, and headers that promise more pixels than `count`
// bytes can hold in that format. The bytes are borrowed until the next call of cc_open or
// cc_destroy.
CC_CHECKED int32_t cc_open(cc_decoder *decoder, const uint8_t *bytes, size_t count, int32_t flags,
                           uint64_t limit, char *message, cc_header *header);

// Where the pixels that were asked for are in a buffer.
typedef struct {
  size_t start;   // of the first one, in bytes
  size_t stride;  // bytes from one row to the next
} cc_layout;

// Decodes the rows y ..< y + height, columns x ..< x + width of the open image to RGB, uint8: the
// same pixels as of the whole image. Some columns beside them are written, too: `capacity`, the
// size of `pixels`, must be at least height * min(width + CC_MARGIN, the image's width) * 3. Can be
// called once after each cc_open.
enum { CC_MARGIN = 2 * (4 + 2 * 32) + 32 };
CC_CHECKED int32_t cc_decode(cc_decoder *decoder, int32_t y, int32_t x, int32_t height,
                             int32_t width, size_t capacity, char *message, uint8_t *pixels,
                             cc_layout *layout);

// Size of the buffer that cc_encode_png needs at most; 0 if no such PNG can be written.
size_t cc_png_capacity(int32_t height, int32_t width);

// Writes RGB, uint8, (height, width, 3) as PNG into `bytes`; `count` is its capacity before and the
// number of bytes written after.
CC_CHECKED int32_t cc_encode_png(const uint8_t *pixels, int32_t height, int32_t width,
                                 char *message, uint8_t *bytes, size_t *count);

// Writes RGB, uint8, (height, width, 3) as baseline JPEG of a quality in 1 to 100, chroma at half
// the resolution (4:2:0) or not (4:4:4). `bytes` is to be given back with cc_free.
CC_CHECKED int32_t cc_encode_jpeg(const uint8_t *pixels, int32_t height, int32_t width,
                                  int32_t quality, int32_t halves_chroma, char *message,
                                  uint8_t **bytes, size_t *count);
void cc_free(void *bytes);

// One axis of a resize. Input coordinates count from the start of what is resized; of these the
// caller's pixels hold those from `first` on, which must be all that the outputs read.
typedef struct {
  int32_t input;   // what is resized
  int32_t output;  // what it is resized to
  int32_t start;   // the first output that is wanted
  int32_t count;   // how many outputs are wanted
  int32_t first;   // the input coordinate of the first pixel at hand
} cc_axis;

// The inputs `low` to `high` (both included) that the wanted outputs of a resize read.
void cc_bilinear_reach(cc_axis axis, int32_t *low, int32_t *high);
void cc_area_reach(cc_axis axis, int32_t *low, int32_t *high);

// Resizes RGB, uint8, with `stride` bytes from row to row, to (rows.count, columns.count, 3),
// truncating. Bilinear with half-pixel centres and no antialiasing, mirrored left to right if
// `flip` says so (tf.image.resize, method "bilinear"); or by averaging areas (method "area"). All
// arithmetic in float32 in TensorFlow's order.
void cc_resize_bilinear(const uint8_t *pixels, size_t stride, cc_axis rows, cc_axis columns,
                        int32_t flip, uint8_t *result);
void cc_resize_area(const uint8_t *pixels, size_t stride, cc_axis rows, cc_axis columns,
                    uint8_t *result);

// Filters of the resizes that follow.
enum { CC_BILINEAR = 1, CC_BICUBIC = 2 };

// The inputs that they read, and the bytes that they need for themselves.
void cc_antialiased_reach(cc_axis axis, int32_t filter, int32_t *low, int32_t *high);
size_t cc_antialiased_memory(cc_axis rows, cc_axis columns, int32_t filter);

// Resizes as the two above, but with the pixels of Pillow's Image.resize (version 13): weights of
// 22 bits under a triangle or a cubic as wide as the image shrinks, rounded to uint8 after each
// axis. `memory` has as many bytes as cc_antialiased_memory says, and is aligned for int32_t.
void cc_resize_antialiased(const uint8_t *pixels, size_t stride, cc_axis rows, cc_axis columns,
                           int32_t filter, void *memory, uint8_t *result);

#endif
