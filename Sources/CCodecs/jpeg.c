// JPEG decoding as TensorFlow's tf.io.decode_image does it: fancy chroma upsampling, the inverse
// DCT that the caller asks for, grayscale replicated, CMYK converted here, colour profiles ignored.
// Left out: scaled decoding.
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
// jpeglib.h needs stdio.h before it; the values in jerror.h depend on jpeglib.h.
// clang-format off
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include "jpeg_huffman.h"
#include "jpeg_memory.h"

// A progressive file of a few kilobytes can ask for thousands of passes over a large image. Real
// encoders make about ten, so this is far from what any file needs that is not made to harm.
enum { MOST_SCANS = 1000 };
static const uint64_t MOST_PIXELS_OF_ALL_SCANS = 4000000000;

typedef struct {
  struct jpeg_decompress_struct info;
  struct jpeg_error_mgr errors;
  struct jpeg_progress_mgr progress;
  cc_jpeg_memory memory;
  cc_jpeg_huffman huffman;
  jmp_buf escape;
  int32_t status;  // what an escape means
  const uint8_t *bytes;
  size_t count;
  int32_t flags;
  uint64_t limit;
  char *message;
  cc_buffer line;  // one row of CMYK
} cc_jpeg;

static cc_jpeg *of(j_common_ptr info) { return (cc_jpeg *)info->client_data; }

cc_jpeg_memory *cc_jpeg_memory_of(j_common_ptr info) { return &of(info)->memory; }

cc_jpeg_huffman *cc_jpeg_huffman_of(j_decompress_ptr info) {
  return &of((j_common_ptr)info)->huffman;
}

// A status that never leaves this file.
enum { START_OVER = -1 };

void cc_jpeg_start_over(j_decompress_ptr info) {
  cc_jpeg *jpeg = of((j_common_ptr)info);
  jpeg->status = START_OVER;
  longjmp(jpeg->escape, 1);
}

static void on_error(j_common_ptr info) {
  cc_jpeg *jpeg = of(info);
  char text[JMSG_LENGTH_MAX];
  info->err->format_message(info, text);
  if (info->err->msg_code == JERR_OUT_OF_MEMORY) {
    bool limited = info->err->msg_parm.i[0] == CC_OVER_LIMIT;
    jpeg->status = limited ? CC_TOO_LARGE : CC_FAILED;
    snprintf(jpeg->message, CC_MESSAGE_SIZE,
             limited ? "it needs more memory than the limit allows" : "out of memory");
  } else {
    snprintf(jpeg->message, CC_MESSAGE_SIZE, "%s", text);
  }
  longjmp(jpeg->escape, 1);
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
      if (!(of(info)->flags & CC_ACCEPT_DAMAGE)) on_error(info);
      break;
    default:
      break;
  }
}

static void on_progress(j_common_ptr info) {
  if (!info->is_decompressor) return;
  j_decompress_ptr image = (j_decompress_ptr)info;
  uint64_t scans = (uint64_t)image->input_scan_number;
  if (scans > MOST_SCANS ||
      scans * image->image_height * image->image_width > MOST_PIXELS_OF_ALL_SCANS) {
    snprintf(of(info)->message, CC_MESSAGE_SIZE, "too many scans (%d) for an image of its size",
             image->input_scan_number);
    longjmp(of(info)->escape, 1);
  }
}

static void *create(void) {
  cc_jpeg *jpeg = calloc(1, sizeof(cc_jpeg));
  if (jpeg == NULL) return NULL;
  char message[CC_MESSAGE_SIZE];
  jpeg->message = message;
  jpeg->info.err = jpeg_std_error(&jpeg->errors);
  jpeg->errors.error_exit = on_error;
  jpeg->errors.emit_message = on_message;
  jpeg->info.client_data = jpeg;
  if (setjmp(jpeg->escape)) {
    free(jpeg);
    return NULL;
  }
  jpeg_create_decompress(&jpeg->info);
  jpeg->progress.progress_monitor = on_progress;
  jpeg->info.progress = &jpeg->progress;
  cc_jpeg_memory_install(&jpeg->memory, (j_common_ptr)&jpeg->info);
  return jpeg;
}

static void destroy(void *opaque) {
  cc_jpeg *jpeg = opaque;
  jpeg_destroy_decompress(&jpeg->info);
  cc_jpeg_memory_free(&jpeg->memory);
  free(jpeg->line.bytes);
  free(jpeg);
}

// Ends work on an image, in whatever state it is.
static int32_t finish(cc_jpeg *jpeg, int32_t status) {
  jpeg_abort_decompress(&jpeg->info);
  return status;
}

// libjpeg keeps tables for files that leave them out, which would make an image depend on those
// before it.
static void forget_tables(j_decompress_ptr info) {
  for (int i = 0; i < NUM_QUANT_TBLS; ++i) info->quant_tbl_ptrs[i] = NULL;
  for (int i = 0; i < NUM_HUFF_TBLS; ++i) {
    info->dc_huff_tbl_ptrs[i] = NULL;
    info->ac_huff_tbl_ptrs[i] = NULL;
  }
  // Its memory went with the image's, as that of the tables.
  info->src = NULL;
}

// From the first EXIF block that names one, whatever other blocks there are; else from the last
// XMP packet.
static int32_t orientation(j_decompress_ptr info) {
  static const char xmp[] = "http://ns.adobe.com/xap/1.0/";
  int32_t named = 0;
  for (jpeg_saved_marker_ptr marker = info->marker_list; marker; marker = marker->next) {
    size_t size = marker->data_length;
    if (size >= sizeof xmp && memcmp(marker->data, xmp, sizeof xmp) == 0) {
      named = cc_xmp_orientation(marker->data + sizeof xmp, size - sizeof xmp);
      continue;
    }
    int32_t found = cc_exif_orientation(marker->data, size);
    if (found != 0) return found;
  }
  return named != 0 ? named : 1;
}

static int32_t open(void *opaque, const uint8_t *bytes, size_t count, int32_t flags, uint64_t limit,
                    char *message, cc_header *header) {
  cc_jpeg *jpeg = opaque;
  struct jpeg_decompress_struct *info = &jpeg->info;
  jpeg->message = message;
  jpeg->bytes = bytes;
  jpeg->count = count;
  jpeg->flags = flags;
  jpeg->limit = limit;
  jpeg->status = CC_DAMAGED;
  // Beside pixels, libjpeg needs some memory for tables and lines.
  jpeg->memory.limit = limit + (16 << 20);
  finish(jpeg, CC_OK);
  forget_tables(info);
  if (setjmp(jpeg->escape)) return finish(jpeg, jpeg->status);
  jpeg_mem_src(info, bytes, count);
  jpeg_save_markers(info, JPEG_APP0 + 1, flags & CC_ORIENTATION ? 0xffff : 0);
  jpeg_read_header(info, TRUE);

  uint64_t height = info->image_height, width = info->image_width;
  header->height = (int32_t)height;
  header->width = (int32_t)width;
  if (flags & CC_ORIENTATION) header->orientation = orientation(info);
  int32_t status = cc_check_size(height, width, limit, message);
  // A Huffman-coded block of 8 x 8 takes at least one bit, and subsampling at most a factor of four
  // per component: 2048 pixels a byte. Arithmetic coding has no such bound; a hundred times that is
  // more than any image has.
  uint64_t pixels_per_byte = info->arith_code ? 204800 : 2048;
  if (status == CC_OK && height * width / pixels_per_byte > count) {
    status = cc_fail_promise(height, width, count, message);
  }
  if (status == CC_OK && info->data_precision != 8) {
    status = cc_fail(CC_DAMAGED, message, "%d bits a sample; only 8 can be decoded",
                     info->data_precision);
  }
  return status == CC_OK ? CC_OK : finish(jpeg, status);
}

// CMYK to RGB in TensorFlow's integer arithmetic, or in Pillow's. Files with Adobe's marker store
// the inks inverted; Pillow takes it that all do.
static void convert_cmyk(uint8_t *inks, size_t width, bool inverted, bool as_pillow,
                         uint8_t *pixels) {
  if (as_pillow) {
    for (size_t i = 0; i < 4 * width; ++i) inks[i] = 255 - inks[i];
    cc_convert_inks(inks, width, pixels);
    return;
  }
  for (size_t x = 0; x < width; ++x) {
    int key = inverted ? inks[4 * x + 3] : 255 - inks[4 * x + 3];
    for (size_t c = 0; c < 3; ++c) {
      int ink = inverted ? inks[4 * x + c] : 255 - inks[4 * x + c];
      pixels[3 * x + c] = (uint8_t)(key * ink / 255);
    }
  }
}

// Columns `first` ..< `first + width` are decoded: those of the box, and so many around it that
// upsampling finds the same neighbours as in the whole image, and so does the smoothing between
// blocks that libjpeg applies to progressive files whose last scans are missing.
static void crop_columns(j_decompress_ptr info, cc_box box, JDIMENSION *first, JDIMENSION *width) {
  int32_t neighbours = MAX_SAMP_FACTOR;
  if (info->progressive_mode) neighbours += 2 * DCTSIZE * info->max_h_samp_factor;
  int32_t all = (int32_t)info->output_width, end = box.x + box.width;
  end = end > all - neighbours ? all : end + neighbours;
  *first = box.x < neighbours ? 0 : (JDIMENSION)(box.x - neighbours);
  *width = (JDIMENSION)end - *first;
  if (*width < info->output_width) jpeg_crop_scanline(info, first, width);
}

static int32_t decode_box(cc_jpeg *jpeg, cc_box box, bool fast, char *message, uint8_t *pixels,
                          cc_layout *layout) {
  struct jpeg_decompress_struct *info = &jpeg->info;
  jpeg->message = message;
  if (setjmp(jpeg->escape)) return finish(jpeg, jpeg->status);
  bool cmyk = info->jpeg_color_space == JCS_CMYK || info->jpeg_color_space == JCS_YCCK;
  info->out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
  info->dct_method = jpeg->flags & CC_ACCURATE_DCT ? JDCT_ISLOW : JDCT_IFAST;
  info->do_fancy_upsampling = TRUE;
  jpeg_start_decompress(info);
  if (fast) cc_jpeg_huffman_install(&jpeg->huffman, info);

  JDIMENSION first = 0, width = 0;
  crop_columns(info, box, &first, &width);
  if (width > (JDIMENSION)box.width + CC_MARGIN) {
    return finish(jpeg, cc_fail(CC_FAILED, message, "blocks of more than %d columns", CC_MARGIN));
  }
  size_t skipped = (size_t)box.x - first;
  *layout = (cc_layout){3 * skipped, 3 * (size_t)width};
  if (cmyk) {
    *layout = (cc_layout){0, 3 * (size_t)box.width};
    if (!cc_reserve(&jpeg->line, 4 * (size_t)width)) {
      return finish(jpeg, cc_fail(CC_FAILED, message, "out of memory"));
    }
  }
  if (box.y > 0) jpeg_skip_scanlines(info, (JDIMENSION)box.y);
  for (int32_t y = 0; y < box.height;) {
    JSAMPROW rows[MAX_SAMP_FACTOR];
    JDIMENSION wanted = cmyk ? 1 : MAX_SAMP_FACTOR;
    if (wanted > (JDIMENSION)(box.height - y)) wanted = (JDIMENSION)(box.height - y);
    for (JDIMENSION i = 0; i < wanted; ++i) rows[i] = pixels + ((size_t)y + i) * layout->stride;
    JDIMENSION read = jpeg_read_scanlines(info, cmyk ? &jpeg->line.bytes : rows, wanted);
    if (read == 0) return finish(jpeg, cc_fail(CC_DAMAGED, message, "it ends at row %d", (int)y));
    if (cmyk) {
      convert_cmyk(jpeg->line.bytes + 4 * skipped, (size_t)box.width, info->saw_Adobe_marker,
                   jpeg->flags & CC_PILLOW, rows[0]);
    }
    y += (int32_t)read;
  }
  // Rows below the box are not looked at; after the last one, the end of the file is.
  if (info->output_scanline == info->output_height) jpeg_finish_decompress(info);
  return finish(jpeg, CC_OK);
}

static int32_t decode(void *opaque, cc_box box, char *message, uint8_t *pixels, cc_layout *layout) {
  cc_jpeg *jpeg = opaque;
  bool fast = !(jpeg->flags & CC_LIBJPEG_ONLY);
  int32_t status = decode_box(jpeg, box, fast, message, pixels, layout);
  if (status != START_OVER) return status;
  // The file is damaged, or at least odd. libjpeg decides what that means.
  cc_header header;
  status = open(jpeg, jpeg->bytes, jpeg->count, jpeg->flags, jpeg->limit, message, &header);
  return status == CC_OK ? decode_box(jpeg, box, false, message, pixels, layout) : status;
}

const cc_codec cc_jpeg_codec = {create, destroy, open, decode};
