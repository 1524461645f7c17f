// HEIF and AVIF by libheif, where that is there when this is built. It turns images as the file's
// own properties (irot, imir) say, always; alpha is dropped, more than 8 bits are cut, colour
// profiles are ignored.
#ifdef CC_HEIF
#include <libheif/heif.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"

typedef struct {
  struct heif_context *context;
  struct heif_image_handle *image;
} cc_heif;

static void *create(void) { return calloc(1, sizeof(cc_heif)); }

static int32_t finish(cc_heif *heif, int32_t status) {
  if (heif->image != NULL) heif_image_handle_release(heif->image);
  if (heif->context != NULL) heif_context_free(heif->context);
  *heif = (cc_heif){0};
  return status;
}

static void destroy(void *opaque) {
  finish(opaque, CC_OK);
  free(opaque);
}

static int32_t fail(cc_heif *heif, struct heif_error error, char *message) {
  bool is_memory = error.code == heif_error_Memory_allocation_error;
  return finish(heif, cc_fail(is_memory ? CC_TOO_LARGE : CC_DAMAGED, message, "%s", error.message));
}

static int32_t open(void *opaque, const uint8_t *bytes, size_t count, int32_t flags, uint64_t limit,
                    char *message, cc_header *header) {
  (void)flags;
  cc_heif *heif = opaque;
  finish(heif, CC_OK);
  heif->context = heif_context_alloc();
  if (heif->context == NULL) return cc_fail(CC_FAILED, message, "out of memory");
  struct heif_error error =
      heif_context_read_from_memory_without_copy(heif->context, bytes, count, NULL);
  if (error.code != heif_error_Ok) return fail(heif, error, message);
  error = heif_context_get_primary_image_handle(heif->context, &heif->image);
  if (error.code != heif_error_Ok) return fail(heif, error, message);
  header->height = heif_image_handle_get_height(heif->image);
  header->width = heif_image_handle_get_width(heif->image);
  if (header->height <= 0 || header->width <= 0) {
    return finish(heif, cc_fail(CC_DAMAGED, message, "it holds no picture"));
  }
  uint64_t height = (uint64_t)header->height, width = (uint64_t)header->width;
  int32_t status = cc_check_size(height, width, limit, message);
  // Its planes and its pixels are all in memory at once.
  if (status == CC_OK && height * width * 6 > limit + (16 << 20)) {
    status = cc_fail(CC_TOO_LARGE, message, "it needs more memory than the limit allows");
  }
  return status == CC_OK ? CC_OK : finish(heif, status);
}

static int32_t decode(void *opaque, cc_box box, char *message, uint8_t *pixels, cc_layout *layout) {
  cc_heif *heif = opaque;
  int32_t height = heif_image_handle_get_height(heif->image);
  int32_t width = heif_image_handle_get_width(heif->image);
  struct heif_image *image = NULL;
  struct heif_error error = heif_decode_image(heif->image, &image, heif_colorspace_RGB,
                                              heif_chroma_interleaved_RGB, NULL);
  if (error.code != heif_error_Ok) return fail(heif, error, message);
  int stride = 0;
  const uint8_t *plane = heif_image_get_plane_readonly(image, heif_channel_interleaved, &stride);
  int32_t status = CC_OK;
  if (plane == NULL || heif_image_get_height(image, heif_channel_interleaved) != height ||
      heif_image_get_width(image, heif_channel_interleaved) != width) {
    status = cc_fail(CC_DAMAGED, message, "its picture is not of the size that its header says");
  }
  for (int32_t y = 0; status == CC_OK && y < box.height; ++y) {
    const uint8_t *row = plane + (size_t)(box.y + y) * (size_t)stride + 3 * (size_t)box.x;
    memcpy(pixels + (size_t)y * layout->stride, row, 3 * (size_t)box.width);
  }
  heif_image_release(image);
  return finish(heif, status);
}

const cc_codec cc_heif_codec = {create, destroy, open, decode};
#endif
