// WebP decoding with the pixels of Pillow's convert("RGB"): of an animation the first frame, which
// lies on a canvas of zeros; alpha dropped without compositing, colour profiles ignored.
#include <stdlib.h>
#include <string.h>
#include <webp/decode.h>
#include <webp/demux.h>

#include "codec.h"

typedef struct {
  WebPDemuxer *demuxer;
  uint64_t limit;
  cc_buffer part;  // what is decoded where a box needs neighbours
} cc_webp;

static void *create(void) { return calloc(1, sizeof(cc_webp)); }

static int32_t finish(cc_webp *webp, int32_t status) {
  WebPDemuxDelete(webp->demuxer);
  webp->demuxer = NULL;
  cc_trim(&webp->part);
  return status;
}

static void destroy(void *opaque) {
  cc_webp *webp = opaque;
  finish(webp, CC_OK);
  free(webp->part.bytes);
  free(webp);
}

// What a kind of metadata names; 0 where there is none, or none of that kind.
static int32_t named(const WebPDemuxer *demuxer, const char *kind,
                     int32_t (*read)(const uint8_t *, size_t)) {
  WebPChunkIterator chunk;
  int32_t found = 0;
  if (WebPDemuxGetChunk(demuxer, kind, 1, &chunk)) {
    found = read(chunk.chunk.bytes, chunk.chunk.size);
  }
  WebPDemuxReleaseChunkIterator(&chunk);
  return found;
}

static int32_t orientation(const WebPDemuxer *demuxer) {
  int32_t found = named(demuxer, "EXIF", cc_exif_orientation);
  if (found == 0) found = named(demuxer, "XMP ", cc_xmp_orientation);
  return found != 0 ? found : 1;
}

static int32_t open(void *opaque, const uint8_t *bytes, size_t count, int32_t flags, uint64_t limit,
                    char *message, cc_header *header) {
  cc_webp *webp = opaque;
  finish(webp, CC_OK);
  WebPData data = {bytes, count};
  webp->limit = limit;
  webp->demuxer = WebPDemux(&data);
  if (webp->demuxer == NULL) return cc_fail(CC_DAMAGED, message, "it is no whole WebP file");
  uint32_t height = WebPDemuxGetI(webp->demuxer, WEBP_FF_CANVAS_HEIGHT);
  uint32_t width = WebPDemuxGetI(webp->demuxer, WEBP_FF_CANVAS_WIDTH);
  if (height == 0 || width == 0 || WebPDemuxGetI(webp->demuxer, WEBP_FF_FRAME_COUNT) == 0) {
    return finish(webp, cc_fail(CC_DAMAGED, message, "it holds no picture"));
  }
  header->height = (int32_t)height;
  header->width = (int32_t)width;
  if (flags & CC_ORIENTATION) header->orientation = orientation(webp->demuxer);
  int32_t status = cc_check_size(height, width, limit, message);
  return status == CC_OK ? CC_OK : finish(webp, status);
}

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }
static int32_t most(int32_t a, int32_t b) { return a > b ? a : b; }

// The rows or columns of a frame that decode to the same pixels as the whole frame between `start`
// and `end`: upsampling of chroma looks at neighbours, and libwebp begins at even ones.
static void widen(int32_t size, int32_t *start, int32_t *end) {
  *start = most(*start - 2, 0) & ~1;
  *end = least(*end + 2, size);
}

static const char *words(VP8StatusCode status) {
  switch (status) {
    case VP8_STATUS_OUT_OF_MEMORY:
      return "out of memory";
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return "it uses what libwebp does not support";
    case VP8_STATUS_SUSPENDED:
    case VP8_STATUS_NOT_ENOUGH_DATA:
      return "its picture ends too early";
    default:
      return "its picture is damaged";
  }
}

// Decodes the part of a frame between the given corners, all in the frame's coordinates, to
// `pixels`.
static int32_t decode_part(cc_webp *webp, const WebPIterator *frame, cc_box box, char *message,
                           uint8_t *pixels, size_t stride) {
  int32_t y = box.y, x = box.x, bottom = y + box.height, right = x + box.width;
  WebPDecoderConfig config;
  if (!WebPInitDecoderConfig(&config)) return cc_fail(CC_FAILED, message, "another libwebp");
  VP8StatusCode status =
      WebPGetFeatures(frame->fragment.bytes, frame->fragment.size, &config.input);
  if (status == VP8_STATUS_OK &&
      (config.input.width != frame->width || config.input.height != frame->height)) {
    status = VP8_STATUS_BITSTREAM_ERROR;
  }
  if (status != VP8_STATUS_OK) return cc_fail(CC_DAMAGED, message, "%s", words(status));
  // Lossless pictures and alpha are unpacked as a whole, in four bytes a pixel.
  enum { LOSSY = 1 };
  uint64_t unpacked = (uint64_t)frame->height * (uint64_t)frame->width * 4;
  if ((config.input.format != LOSSY || config.input.has_alpha) &&
      unpacked > webp->limit + (16 << 20)) {
    return cc_fail(CC_TOO_LARGE, message, "it needs more memory than the limit allows");
  }
  config.output.colorspace = MODE_RGB;
  config.output.is_external_memory = 1;
  WebPRGBABuffer *output = &config.output.u.RGBA;
  bool is_whole = y == 0 && x == 0 && bottom == frame->height && right == frame->width;
  if (is_whole) {
    *output = (WebPRGBABuffer){pixels, (int)stride,
                               stride * (size_t)(box.height - 1) + 3 * (size_t)box.width};
  } else {
    widen(frame->height, &y, &bottom);
    widen(frame->width, &x, &right);
    size_t row = 3 * (size_t)(right - x), size = row * (size_t)(bottom - y);
    if (!cc_reserve(&webp->part, size)) return cc_fail(CC_FAILED, message, "out of memory");
    *output = (WebPRGBABuffer){webp->part.bytes, (int)row, size};
    config.options.use_cropping = 1;
    config.options.crop_left = x;
    config.options.crop_top = y;
    config.options.crop_width = right - x;
    config.options.crop_height = bottom - y;
  }
  status = WebPDecode(frame->fragment.bytes, frame->fragment.size, &config);
  if (status != VP8_STATUS_OK) {
    return cc_fail(status == VP8_STATUS_OUT_OF_MEMORY ? CC_FAILED : CC_DAMAGED, message, "%s",
                   words(status));
  }
  for (int32_t line = 0; !is_whole && line < box.height; ++line) {
    const uint8_t *from =
        output->rgba + (box.y + line - y) * (size_t)output->stride + 3 * (size_t)(box.x - x);
    memcpy(pixels + (size_t)line * stride, from, 3 * (size_t)box.width);
  }
  return CC_OK;
}

static int32_t decode(void *opaque, cc_box box, char *message, uint8_t *pixels, cc_layout *layout) {
  cc_webp *webp = opaque;
  WebPIterator frame;
  int32_t status = CC_OK;
  if (!WebPDemuxGetFrame(webp->demuxer, 1, &frame)) {
    return finish(webp, cc_fail(CC_DAMAGED, message, "its first frame is damaged"));
  }
  int32_t top = most(box.y, frame.y_offset), left = most(box.x, frame.x_offset);
  int32_t bottom = least(box.y + box.height, frame.y_offset + frame.height);
  int32_t right = least(box.x + box.width, frame.x_offset + frame.width);
  if (top < bottom && left < right) {
    if (bottom - top < box.height || right - left < box.width) {
      memset(pixels, 0, layout->stride * (size_t)box.height);
    }
    cc_box part = {top - frame.y_offset, left - frame.x_offset, bottom - top, right - left};
    uint8_t *start = pixels + layout->stride * (size_t)(top - box.y) + 3 * (size_t)(left - box.x);
    status = decode_part(webp, &frame, part, message, start, layout->stride);
  } else {
    memset(pixels, 0, layout->stride * (size_t)box.height);
  }
  WebPDemuxReleaseIterator(&frame);
  return finish(webp, status);
}

const cc_codec cc_webp_codec = {create, destroy, open, decode};
