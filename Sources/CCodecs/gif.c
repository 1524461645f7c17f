// GIF decoding with the pixels of Pillow's convert("RGB"): the first frame, on a canvas as large as
// the screen and that frame together; around it the colour that is to be transparent, or else the
// first.
#include <gif_lib.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"

typedef struct {
  GifFileType *gif;
  const uint8_t *bytes;
  size_t left;
  int32_t background;  // the index that the canvas is filled with
  cc_buffer line;
} cc_gif;

static void *create(void) { return calloc(1, sizeof(cc_gif)); }

static int32_t finish(cc_gif *state, int32_t status) {
  if (state->gif != NULL) DGifCloseFile(state->gif, NULL);
  state->gif = NULL;
  return status;
}

static void destroy(void *opaque) {
  cc_gif *state = opaque;
  finish(state, CC_OK);
  free(state->line.bytes);
  free(state);
}

static int32_t fail(cc_gif *state, char *message) {
  const char *words = GifErrorString(state->gif->Error);
  return finish(state, cc_fail(CC_DAMAGED, message, "%s", words ? words : "it is damaged"));
}

static int read_bytes(GifFileType *gif, GifByteType *target, int length) {
  cc_gif *state = gif->UserData;
  size_t count = (size_t)length < state->left ? (size_t)length : state->left;
  memcpy(target, state->bytes, count);
  state->bytes += count;
  state->left -= count;
  return (int)count;
}

static bool read_extension(cc_gif *state) {
  enum { IS_TRANSPARENT = 1 };
  int code;
  GifByteType *block;  // its first byte is the number of those that follow
  if (DGifGetExtension(state->gif, &code, &block) == GIF_ERROR) return false;
  if (code == GRAPHICS_EXT_FUNC_CODE && block != NULL && block[0] >= 4 &&
      (block[1] & IS_TRANSPARENT)) {
    state->background = block[4];
  }
  while (block != NULL) {
    if (DGifGetExtensionNext(state->gif, &block) == GIF_ERROR) return false;
  }
  return true;
}

static int32_t open(void *opaque, const uint8_t *bytes, size_t count, int32_t flags, uint64_t limit,
                    char *message, cc_header *header) {
  (void)flags;
  cc_gif *state = opaque;
  finish(state, CC_OK);
  state->bytes = bytes;
  state->left = count;
  state->background = 0;
  int error = 0;
  state->gif = DGifOpen(state, read_bytes, &error);
  if (state->gif == NULL) {
    const char *words = GifErrorString(error);
    return cc_fail(CC_DAMAGED, message, "%s", words ? words : "its header is damaged");
  }
  GifRecordType record = UNDEFINED_RECORD_TYPE;
  while (record != IMAGE_DESC_RECORD_TYPE) {
    if (DGifGetRecordType(state->gif, &record) == GIF_ERROR) return fail(state, message);
    if (record == TERMINATE_RECORD_TYPE) {
      return finish(state, cc_fail(CC_DAMAGED, message, "it holds no picture"));
    }
    if (record == EXTENSION_RECORD_TYPE && !read_extension(state)) return fail(state, message);
  }
  if (DGifGetImageDesc(state->gif) == GIF_ERROR) return fail(state, message);
  const GifImageDesc *frame = &state->gif->Image;
  int32_t bottom = frame->Top + frame->Height, right = frame->Left + frame->Width;
  if (frame->Height <= 0 || frame->Width <= 0) {
    return finish(state, cc_fail(CC_DAMAGED, message, "its first frame is empty"));
  }
  header->height = bottom > state->gif->SHeight ? bottom : state->gif->SHeight;
  header->width = right > state->gif->SWidth ? right : state->gif->SWidth;
  uint64_t height = (uint64_t)header->height, width = (uint64_t)header->width;
  int32_t status = cc_check_size(height, width, limit, message);
  // A code of LZW stands for less than 4096 pixels, and takes more than a byte where there are
  // many.
  if (status == CC_OK && (uint64_t)frame->Height * (uint64_t)frame->Width / 4096 > count) {
    status = cc_fail_promise((uint64_t)frame->Height, (uint64_t)frame->Width, count, message);
  }
  return status == CC_OK ? CC_OK : finish(state, status);
}

// The colours of all indices: black beyond the palette's end, and gray without a palette. One that
// begins as gray does counts as none.
static void read_colours(const GifFileType *gif, uint8_t colours[256][3]) {
  const ColorMapObject *map = gif->Image.ColorMap != NULL ? gif->Image.ColorMap : gif->SColorMap;
  bool is_gray = true;
  memset(colours, 0, 256 * 3);
  for (int i = 0; map != NULL && i < map->ColorCount && i < 256; ++i) {
    GifColorType colour = map->Colors[i];
    colours[i][0] = colour.Red;
    colours[i][1] = colour.Green;
    colours[i][2] = colour.Blue;
    is_gray = is_gray && colour.Red == i && colour.Green == i && colour.Blue == i;
  }
  for (int i = 0; is_gray && i < 256; ++i) memset(colours[i], i, 3);
}

static int32_t decode(void *opaque, cc_box box, char *message, uint8_t *pixels, cc_layout *layout) {
  cc_gif *state = opaque;
  const GifImageDesc frame = state->gif->Image;
  uint8_t colours[256][3];
  read_colours(state->gif, colours);
  for (size_t i = 0; i < (size_t)box.height * (size_t)box.width; ++i) {
    memcpy(pixels + 3 * i, colours[state->background], 3);
  }
  if (!cc_reserve(&state->line, (size_t)frame.Width)) {
    return finish(state, cc_fail(CC_FAILED, message, "out of memory"));
  }
  int32_t left = frame.Left > box.x ? frame.Left : box.x;
  int32_t end = frame.Left + frame.Width, right = box.x + box.width;
  if (right > end) right = end;
  static const struct { int32_t start, step; } passes[] = {{0, 8}, {4, 8}, {2, 4}, {1, 2}, {0, 1}};
  for (size_t pass = frame.Interlace ? 0 : 4; pass < (frame.Interlace ? 4 : 5); ++pass) {
    for (int32_t y = passes[pass].start; y < frame.Height; y += passes[pass].step) {
      int32_t row = frame.Top + y - box.y;
      if (!frame.Interlace && row >= box.height) break;
      if (DGifGetLine(state->gif, state->line.bytes, frame.Width) == GIF_ERROR) {
        return fail(state, message);
      }
      if (row < 0 || row >= box.height) continue;
      uint8_t *target = pixels + layout->stride * (size_t)row;
      for (int32_t x = left; x < right; ++x) {
        memcpy(target + 3 * (x - box.x), colours[state->line.bytes[x - frame.Left]], 3);
      }
    }
  }
  return finish(state, CC_OK);
}

const cc_codec cc_gif_codec = {create, destroy, open, decode};
