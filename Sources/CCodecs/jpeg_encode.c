// JPEG encoding of RGB: for benchmarks and tests, which need files of known content.
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// jpeglib.h needs stdio.h before it.
#include <jpeglib.h>

#include "codec.h"

typedef struct {
  struct jpeg_compress_struct info;
  struct jpeg_error_mgr errors;
  jmp_buf escape;
  char *message;
  unsigned char *buffer;
  unsigned long size;
} encoder;

static void on_error(j_common_ptr info) {
  encoder *state = info->client_data;
  char text[JMSG_LENGTH_MAX];
  info->err->format_message(info, text);
  snprintf(state->message, CC_MESSAGE_SIZE, "%s", text);
  longjmp(state->escape, 1);
}

int32_t cc_encode_jpeg(const uint8_t *pixels, int32_t height, int32_t width, int32_t quality,
                       int32_t halves_chroma, char *message, uint8_t **bytes, size_t *count) {
  encoder state = {.message = message};
  state.info.err = jpeg_std_error(&state.errors);
  state.info.client_data = &state;
  state.errors.error_exit = on_error;
  if (setjmp(state.escape)) {
    // Only this tells where the buffer is that has grown meanwhile.
    if (state.info.dest != NULL) state.info.dest->term_destination(&state.info);
    jpeg_destroy_compress(&state.info);
    free(state.buffer);
    return CC_FAILED;
  }
  jpeg_create_compress(&state.info);
  jpeg_mem_dest(&state.info, &state.buffer, &state.size);
  state.info.image_height = (JDIMENSION)height;
  state.info.image_width = (JDIMENSION)width;
  state.info.input_components = 3;
  state.info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&state.info);
  jpeg_set_quality(&state.info, quality, TRUE);
  if (!halves_chroma) {
    state.info.comp_info[0].h_samp_factor = 1;
    state.info.comp_info[0].v_samp_factor = 1;
  }
  jpeg_start_compress(&state.info, TRUE);
  while (state.info.next_scanline < state.info.image_height) {
    JSAMPROW row = (JSAMPROW)pixels + (size_t)state.info.next_scanline * (size_t)width * 3;
    jpeg_write_scanlines(&state.info, &row, 1);
  }
  jpeg_finish_compress(&state.info);
  jpeg_destroy_compress(&state.info);
  *bytes = state.buffer;
  *count = state.size;
  return CC_OK;
}

void cc_free(void *bytes) { free(bytes); }
