// PNG decoding as TensorFlow's tf.io.decode_image(channels=3) does it: palettes and gray expanded,
// the high byte of 16-bit samples (or gray as Pillow reads it), alpha dropped without compositing,
// gamma and profiles ignored. And PNG encoding of RGB.
#include <png.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"

typedef struct {
  png_structp png;
  png_infop info;
  const uint8_t *bytes;
  size_t left;
  int32_t flags;
  char *message;
  jmp_buf escape;
  cc_buffer rows;  // one row, or all of an interlaced image
} cc_png;

static void on_error(png_structp png, png_const_charp text) {
  cc_png *state = png_get_error_ptr(png);
  snprintf(state->message, CC_MESSAGE_SIZE, "%s", text);
  longjmp(state->escape, 1);
}

// libpng's warnings are about what does not reach the pixels (colour profiles, text, stray chunks).
static void on_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep target, size_t length) {
  cc_png *state = png_get_io_ptr(png);
  if (length > state->left) png_error(png, "premature end of PNG file");
  memcpy(target, state->bytes, length);
  state->bytes += length;
  state->left -= length;
}

static void *create(void) { return calloc(1, sizeof(cc_png)); }

// Ends work on an image.
static int32_t finish(cc_png *state, int32_t status) {
  if (state->png != NULL) png_destroy_read_struct(&state->png, &state->info, NULL);
  cc_trim(&state->rows);
  return status;
}

static void destroy(void *opaque) {
  cc_png *state = opaque;
  finish(state, CC_OK);
  free(state->rows.bytes);
  free(state);
}

static int32_t open(void *opaque, const uint8_t *bytes, size_t count, int32_t flags, uint64_t limit,
                    char *message, cc_header *header) {
  cc_png *state = opaque;
  finish(state, CC_OK);
  state->bytes = bytes;
  state->left = count;
  state->flags = flags;
  state->message = message;
  if (setjmp(state->escape)) return finish(state, CC_DAMAGED);
  state->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, state, on_error, on_warning);
  state->info = state->png == NULL ? NULL : png_create_info_struct(state->png);
  if (state->info == NULL) return finish(state, cc_fail(CC_FAILED, message, "out of memory"));
  png_set_read_fn(state->png, state, read_bytes);
  // Not looked at: a few kilobytes of compressed text can become gigabytes, and of some libpng asks
  // for as much memory as their length says before it sees that the file ends.
  static const png_byte passed[] = "tEXt\0zTXt\0iTXt\0iCCP\0sPLT\0eXIf\0pCAL\0sCAL";
  png_set_keep_unknown_chunks(state->png, PNG_HANDLE_CHUNK_NEVER, passed, 8);
  png_read_info(state->png, state->info);

  uint64_t height = png_get_image_height(state->png, state->info);
  uint64_t width = png_get_image_width(state->png, state->info);
  header->height = (int32_t)height;
  header->width = (int32_t)width;
  if (flags & CC_ORIENTATION) header->orientation = cc_png_orientation(bytes, count);
  int32_t status = cc_check_size(height, width, limit, message);
  // Deflate shrinks by a factor of 1032 at most.
  if (status == CC_OK && height * png_get_rowbytes(state->png, state->info) / 1032 > count) {
    status = cc_fail_promise(height, width, count, message);
  }
  return status == CC_OK ? CC_OK : finish(state, status);
}

// Sixteen bits of gray as Pillow's convert("RGB") makes eight of them: cut off at 255.
static void clip_gray(const uint8_t *samples, size_t width, uint8_t *pixels) {
  for (size_t x = 0; x < width; ++x) {
    memset(pixels + 3 * x, samples[2 * x] > 0 ? 255 : samples[2 * x + 1], 3);
  }
}

static int32_t decode(void *opaque, cc_box box, char *message, uint8_t *pixels, cc_layout *layout) {
  (void)layout;
  cc_png *state = opaque;
  state->message = message;
  if (setjmp(state->escape)) return finish(state, CC_DAMAGED);
  png_structp png = state->png;
  png_byte colour = png_get_color_type(png, state->info);
  bool clips = (state->flags & CC_PILLOW) && colour == PNG_COLOR_TYPE_GRAY &&
               png_get_bit_depth(png, state->info) == 16;
  if (!clips) png_set_strip_16(png);
  png_set_strip_alpha(png);
  if (colour == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png);
  if (!(colour & PNG_COLOR_MASK_COLOR) && !clips) {
    png_set_expand_gray_1_2_4_to_8(png);
    png_set_gray_to_rgb(png);
  }
  int passes = png_set_interlace_handling(png);
  png_read_update_info(png, state->info);

  size_t height = png_get_image_height(png, state->info);
  size_t row = png_get_rowbytes(png, state->info), pixel = clips ? 2 : 3;
  if (row != (size_t)png_get_image_width(png, state->info) * pixel) {
    return finish(state, cc_fail(CC_FAILED, message, "rows of %zu bytes", row));
  }
  // The passes of an interlaced image work on all of it.
  if (!cc_reserve(&state->rows, passes > 1 ? height * row : row)) {
    return finish(state, cc_fail(CC_FAILED, message, "out of memory"));
  }
  uint8_t *rows = state->rows.bytes;
  for (int pass = 0; pass + 1 < passes; ++pass) {
    for (size_t y = 0; y < height; ++y) png_read_row(png, rows + y * row, NULL);
  }
  size_t end = (size_t)(box.y + box.height), kept = (size_t)box.width * 3;
  for (size_t y = 0; y < end; ++y) {
    uint8_t *line = rows + (passes > 1 ? y * row : 0);
    png_read_row(png, line, NULL);
    if (y < (size_t)box.y) continue;
    uint8_t *target = pixels + (y - (size_t)box.y) * kept;
    line += (size_t)box.x * pixel;
    if (clips) {
      clip_gray(line, (size_t)box.width, target);
    } else {
      memcpy(target, line, kept);
    }
  }
  // Rows below the box are not looked at; after the last one, the end of the file is.
  if (end == height) png_read_end(png, NULL);
  return finish(state, CC_OK);
}

const cc_codec cc_png_codec = {create, destroy, open, decode};

static png_image rgb_image(int32_t height, int32_t width) {
  png_image image = {0};
  image.version = PNG_IMAGE_VERSION;
  image.height = (png_uint_32)height;
  image.width = (png_uint_32)width;
  image.format = PNG_FORMAT_RGB;
  return image;
}

size_t cc_png_capacity(int32_t height, int32_t width) {
  if (height <= 0 || width <= 0 || (uint64_t)height * (uint64_t)width > INT32_MAX / 3) return 0;
  png_image image = rgb_image(height, width);
  return PNG_IMAGE_PNG_SIZE_MAX(image);
}

int32_t cc_encode_png(const uint8_t *pixels, int32_t height, int32_t width, char *message,
                      uint8_t *bytes, size_t *count) {
  png_image image = rgb_image(height, width);
  png_alloc_size_t size = *count;
  if (!png_image_write_to_memory(&image, bytes, &size, 0, pixels, 0, NULL)) {
    return cc_fail(CC_FAILED, message, "%s", image.message);
  }
  *count = size;
  return CC_OK;
}
