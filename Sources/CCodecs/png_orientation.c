// What the chunks of a PNG file say of its orientation. They may stand behind the pixels, where
// libpng has not been when the size of the image is wanted, and libpng asks for as much memory as
// their lengths say.
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "codec.h"

// A text becomes no longer when it is expanded; Pillow reads no longer ones either.
enum { LONGEST_TEXT = 1 << 20 };

// A part of the file; null bytes where there is none.
typedef struct {
  const uint8_t *bytes;
  size_t count;
  bool is_compressed;
} part;

static void skip(part *text, size_t count) {
  text->bytes += count;
  text->count -= count;
}

// Notes the text of a chunk if it has this keyword.
static void find_text(const char *kind, part chunk, const char *keyword, part *found) {
  size_t length = strlen(keyword) + 1;
  if (chunk.count < length || memcmp(chunk.bytes, keyword, length) != 0) return;
  skip(&chunk, length);
  if (memcmp(kind, "zTXt", 4) == 0) {
    if (chunk.count < 1 || chunk.bytes[0] != 0) return;
    chunk.is_compressed = true;
    skip(&chunk, 1);
  } else if (memcmp(kind, "iTXt", 4) == 0) {
    if (chunk.count < 2) return;
    chunk.is_compressed = chunk.bytes[0] != 0;
    if (chunk.is_compressed && chunk.bytes[1] != 0) return;
    skip(&chunk, 2);
    // A language, and the keyword in it.
    for (int word = 0; word < 2; ++word) {
      const uint8_t *end = memchr(chunk.bytes, 0, chunk.count);
      if (end == NULL) return;
      skip(&chunk, (size_t)(end - chunk.bytes) + 1);
    }
  }
  *found = chunk;
}

// What a text names; 0 where it names nothing, is damaged or too long.
static int32_t named(part text, int32_t (*read)(const uint8_t *, size_t)) {
  if (text.bytes == NULL) return 0;
  if (!text.is_compressed) return read(text.bytes, text.count);
  int32_t found = 0;
  uint8_t *memory = malloc(LONGEST_TEXT);
  z_stream stream = {.next_in = (Bytef *)(uintptr_t)text.bytes,
                     .avail_in = (uInt)text.count,
                     .next_out = memory,
                     .avail_out = LONGEST_TEXT};
  if (memory != NULL && inflateInit(&stream) == Z_OK) {
    int status = inflate(&stream, Z_FINISH);
    bool is_cut = status == Z_BUF_ERROR && stream.avail_in == 0;
    if (status == Z_STREAM_END || is_cut) found = read(memory, LONGEST_TEXT - stream.avail_out);
    inflateEnd(&stream);
  }
  free(memory);
  return found;
}

static int digit(uint8_t letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  letter |= 0x20;
  return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

// EXIF as ImageMagick wrote it before PNG had a chunk for it: its name and length in lines of their
// own, then hexadecimal digits.
static int32_t profile_orientation(const uint8_t *text, size_t count) {
  size_t place = 0, length = 0;
  for (int line = 0; line < 3; ++line) {
    while (place < count && text[place] != '\n') ++place;
    if (place++ >= count) return 0;
  }
  uint8_t *block = malloc((count - place) / 2 + 1);
  if (block == NULL) return 0;
  int first = -1;
  for (; place < count; ++place) {
    int value = digit(text[place]);
    if (value < 0 && first < 0 && (text[place] == '\n' || text[place] == ' ')) continue;
    if (value < 0) break;
    if (first >= 0) block[length++] = (uint8_t)(first << 4 | value);
    first = first >= 0 ? -1 : value;
  }
  int32_t found = cc_exif_orientation(block, length);
  free(block);
  return found;
}

int32_t cc_png_orientation(const uint8_t *bytes, size_t count) {
  part exif = {0}, profile = {0}, xmp = {0};
  for (size_t start = 8; start + 12 <= count;) {
    const uint8_t *size_bytes = bytes + start;
    const char *kind = (const char *)(size_bytes + 4);
    size_t size = (size_t)size_bytes[0] << 24 | (size_t)size_bytes[1] << 16 |
                  (size_t)size_bytes[2] << 8 | size_bytes[3];
    if (size > count - start - 12) break;
    part chunk = {size_bytes + 8, size, false};
    if (memcmp(kind, "eXIf", 4) == 0) {
      exif = chunk;
    } else if (memcmp(kind, "tEXt", 4) == 0 || memcmp(kind, "zTXt", 4) == 0 ||
               memcmp(kind, "iTXt", 4) == 0) {
      find_text(kind, chunk, "Raw profile type exif", &profile);
      find_text(kind, chunk, "XML:com.adobe.xmp", &xmp);
    }
    start += size + 12;
  }
  int32_t found = exif.bytes != NULL ? cc_exif_orientation(exif.bytes, exif.count)
                                     : named(profile, profile_orientation);
  if (found == 0) found = named(xmp, cc_xmp_orientation);
  return found != 0 ? found : 1;
}
