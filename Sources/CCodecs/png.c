// PNG decoding as TensorFlow's tf.io.decode_image(channels=3) does it: palettes and gray expanded,
// the high byte of 16-bit samples, alpha dropped without compositing, gamma and profiles ignored.
// And PNG encoding of RGB.
#include <png.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "codec.h"

typedef struct {
  png_structp png;
  png_infop info;
  const uint8_t *bytes;
  size_t left;
  char *message;
} decoder;

static void on_error(png_structp png, png_const_charp text) {
  decoder *state = png_get_error_ptr(png);
  snprintf(state->message, CC_MESSAGE_SIZE, "%s", text);
  png_longjmp(png, 1);
}

// libpng's warnings are about what does not reach the pixels (colour profiles, text, stray chunks).
static void on_warning(png_structp png, png_const_charp text) {
  (void)png;
  (void)text;
}

static void read_bytes(png_structp png, png_bytep target, size_t length) {
  decoder *state = png_get_io_ptr(png);
  if (length > state->left) png_error(png, "premature end of PNG file");
  memcpy(target, state->bytes, length);
  state->bytes += length;
  state->left -= length;
}

static bool prepare(decoder *state, const uint8_t *bytes, size_t count, char *message) {
  state->bytes = bytes;
  state->left = count;
  state->message = message;
  state->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, state, on_error, on_warning);
  if (state->png == NULL) return false;
  state->info = png_create_info_struct(state->png);
  return state->info != NULL;
}

static int32_t finish(decoder *state, int32_t status) {
  png_destroy_read_struct(&state->png, &state->info, NULL);
  return status;
}

int32_t cc_png_header(const uint8_t *bytes, size_t count, uint64_t limit, char *message,
                      cc_header *header) {
  decoder state = {0};
  if (!prepare(&state, bytes, count, message)) {
    return finish(&state, cc_fail(CC_FAILED, message, "out of memory"));
  }
  if (setjmp(png_jmpbuf(state.png))) return finish(&state, CC_DAMAGED);
  png_set_read_fn(state.png, &state, read_bytes);
  png_read_info(state.png, state.info);

  uint64_t height = png_get_image_height(state.png, state.info);
  uint64_t width = png_get_image_width(state.png, state.info);
  header->height = (int32_t)height;
  header->width = (int32_t)width;
  int32_t status = cc_check_size(height, width, limit, message);
  // Deflate shrinks by a factor of 1032 at most.
  if (status == CC_OK && height * png_get_rowbytes(state.png, state.info) / 1032 > count) {
    status = cc_fail_promise(height, width, count, message);
  }
  return finish(&state, status);
}

int32_t cc_png_decode(const uint8_t *bytes, size_t count, size_t capacity, char *message,
                      uint8_t *pixels) {
  decoder state = {0};
  if (!prepare(&state, bytes, count, message)) {
    return finish(&state, cc_fail(CC_FAILED, message, "out of memory"));
  }
  if (setjmp(png_jmpbuf(state.png))) return finish(&state, CC_DAMAGED);
  png_set_read_fn(state.png, &state, read_bytes);
  png_read_info(state.png, state.info);

  png_byte colour = png_get_color_type(state.png, state.info);
  png_set_strip_16(state.png);
  png_set_strip_alpha(state.png);
  if (colour == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(state.png);
  if (!(colour & PNG_COLOR_MASK_COLOR)) {
    png_set_expand_gray_1_2_4_to_8(state.png);
    png_set_gray_to_rgb(state.png);
  }
  int passes = png_set_interlace_handling(state.png);
  png_read_update_info(state.png, state.info);

  size_t height = png_get_image_height(state.png, state.info);
  size_t row = png_get_rowbytes(state.png, state.info);
  if (row != (size_t)png_get_image_width(state.png, state.info) * 3 || capacity != height * row) {
    return finish(&state, cc_fail(CC_FAILED, message, "the buffer holds %zu bytes, not %zu",
                                  capacity, height * row));
  }
  for (int pass = 0; pass < passes; ++pass) {
    for (size_t y = 0; y < height; ++y) png_read_row(state.png, pixels + y * row, NULL);
  }
  png_read_end(state.png, NULL);
  return finish(&state, CC_OK);
}

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
