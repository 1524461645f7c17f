// JPEG decoding as TensorFlow's tf.io.decode_image does it: fancy chroma upsampling, the inverse
// DCT that the caller asks for, grayscale replicated, CMYK converted here, EXIF and colour profiles
// ignored. Left out: scaled and cropped decoding.
#include <setjmp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
// jpeglib.h needs stdio.h before it; the values in jerror.h depend on jpeglib.h.
// clang-format off
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include "codec.h"

// A progressive file of a few kilobytes can ask for thousands of passes over a large image. Real
// encoders make about ten.
enum { MOST_SCANS = 1000 };

typedef struct {
  struct jpeg_decompress_struct info;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  jmp_buf escape;
  bool accept_damage;
  char *message;
  uint8_t *row;  // one line of CMYK, when there is one
} decoder;

static decoder *of(j_common_ptr info) { return (decoder *)info->client_data; }

static void on_error(j_common_ptr info) {
  char text[JMSG_LENGTH_MAX];
  info->err->format_message(info, text);
  snprintf(of(info)->message, CC_MESSAGE_SIZE, "%s", text);
  longjmp(of(info)->escape, 1);
}

// libjpeg calls everything that it can carry on from a warning. A file that ends early is always an
// error, as for TensorFlow, whose data source refuses to go on. Warnings that mean wrong pixels are
// errors unless the caller accepts damage (TensorFlow does). The rest is tolerated as TensorFlow
// and Pillow do, since no pixel is lost: stray bytes between markers (cameras and editors leave
// padding), an unknown JFIF revision or Adobe transform code, odd scan parameters.
static void on_message(j_common_ptr info, int level) {
  if (level >= 0) return;
  info->err->num_warnings++;
  switch (info->err->msg_code) {
    case JWRN_JPEG_EOF:
      on_error(info);
      break;
    case JWRN_HIT_MARKER:
    case JWRN_HUFF_BAD_CODE:
    case JWRN_ARITH_BAD_CODE:
    case JWRN_MUST_RESYNC:
      if (!of(info)->accept_damage) on_error(info);
      break;
    default:
      break;
  }
}

static void on_progress(j_common_ptr info) {
  if (info->is_decompressor && ((j_decompress_ptr)info)->input_scan_number > MOST_SCANS) {
    snprintf(of(info)->message, CC_MESSAGE_SIZE, "more than %d scans", (int)MOST_SCANS);
    longjmp(of(info)->escape, 1);
  }
}

// To be called after setjmp(state->escape).
static void start(decoder *state, const uint8_t *bytes, size_t count) {
  jpeg_create_decompress(&state->info);
  state->progress.progress_monitor = on_progress;
  state->info.progress = &state->progress;
  jpeg_mem_src(&state->info, bytes, count);
  jpeg_read_header(&state->info, TRUE);
}

static void prepare(decoder *state, char *message, bool accept_damage) {
  state->info.err = jpeg_std_error(&state->errors);
  state->info.client_data = state;
  state->errors.error_exit = on_error;
  state->errors.emit_message = on_message;
  state->accept_damage = accept_damage;
  state->message = message;
}

static int32_t finish(decoder *state, int32_t status) {
  jpeg_destroy_decompress(&state->info);
  free(state->row);
  return status;
}

int32_t cc_jpeg_header(const uint8_t *bytes, size_t count, uint64_t limit, char *message,
                       cc_header *header) {
  decoder state = {0};
  prepare(&state, message, false);
  if (setjmp(state.escape)) return finish(&state, CC_DAMAGED);
  start(&state, bytes, count);

  uint64_t height = state.info.image_height, width = state.info.image_width;
  header->height = (int32_t)height;
  header->width = (int32_t)width;
  int32_t status = cc_check_size(height, width, limit, message);
  // A Huffman-coded block of 8 x 8 takes at least one bit, and subsampling at most a factor of four
  // per component: 2048 pixels a byte. (Arithmetic coding has no such bound.)
  if (status == CC_OK && !state.info.arith_code && height * width / 2048 > count) {
    status = cc_fail_promise(height, width, count, message);
  }
  return finish(&state, status);
}

// CMYK to RGB in TensorFlow's integer arithmetic. Files with Adobe's marker store the inks
// inverted.
static void convert_cmyk(const uint8_t *inks, size_t width, bool inverted, uint8_t *pixels) {
  for (size_t x = 0; x < width; ++x) {
    int key = inverted ? inks[4 * x + 3] : 255 - inks[4 * x + 3];
    for (size_t c = 0; c < 3; ++c) {
      int ink = inverted ? inks[4 * x + c] : 255 - inks[4 * x + c];
      pixels[3 * x + c] = (uint8_t)(key * ink / 255);
    }
  }
}

int32_t cc_jpeg_decode(const uint8_t *bytes, size_t count, int32_t flags, size_t capacity,
                       char *message, uint8_t *pixels) {
  decoder state = {0};
  prepare(&state, message, (flags & CC_ACCEPT_DAMAGE) != 0);
  if (setjmp(state.escape)) return finish(&state, CC_DAMAGED);
  start(&state, bytes, count);

  struct jpeg_decompress_struct *info = &state.info;
  bool cmyk = info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK;
  info->out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
  info->dct_method = (flags & CC_ACCURATE_DCT) ? JDCT_ISLOW : JDCT_IFAST;
  info->do_fancy_upsampling = TRUE;
  size_t height = info->image_height, width = info->image_width;
  if (capacity != height * width * 3) {
    return finish(&state, cc_fail(CC_FAILED, message, "the buffer holds %zu bytes, not %zu",
                                  capacity, height * width * 3));
  }
  if (cmyk && (state.row = malloc(width * 4)) == NULL) {
    return finish(&state, cc_fail(CC_FAILED, message, "out of memory"));
  }

  jpeg_start_decompress(info);
  while (info->output_scanline < info->output_height) {
    uint8_t *line = pixels + (size_t)info->output_scanline * width * 3;
    if (cmyk) {
      jpeg_read_scanlines(info, &state.row, 1);
      convert_cmyk(state.row, width, info->saw_Adobe_marker, line);
    } else {
      jpeg_read_scanlines(info, &line, 1);
    }
  }
  jpeg_finish_decompress(info);
  return finish(&state, CC_OK);
}
