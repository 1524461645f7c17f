// Resizing as Pillow's Image.resize does it, to the bit: each output averages, with weights in
// fixed point, all inputs under a filter that is as wide as the image shrinks. It does so along one
// axis, rounds to bytes, and then along the other.
#include <math.h>
#include <string.h>

#include "CCodecs.h"
#include "multiversion.h"

// Weights in double precision come from separate multiplications and additions.
#pragma STDC FP_CONTRACT OFF

// Bits behind the point of a weight: with eight of the pixel, a sign and one to spare they make 32.
enum { BITS = 22, HALF = 1 << (BITS - 1) };

// Rows are summed in blocks of this many values, whose sums stay in registers.
enum { BLOCK = 64 };

typedef int32_t pixel __attribute__((vector_size(16)));
typedef uint8_t bytes4 __attribute__((vector_size(4)));

// --- Weights -----------------------------------------------------------------------------------

// The inputs that an output averages.
typedef struct {
  int32_t first, count;
} span;

// How an axis is filtered.
typedef struct {
  double scale;    // inputs per output
  double stretch;  // of the filter: 1 unless the image shrinks
  double radius;   // of the stretched filter
} kernel;

static kernel kernel_of(cc_axis axis, int32_t filter) {
  double scale = (double)axis.input / axis.output, stretch = scale < 1 ? 1 : scale;
  return (kernel){scale, stretch, (filter == CC_BICUBIC ? 2 : 1) * stretch};
}

static double center(kernel kernel, int32_t output) { return (output + 0.5) * kernel.scale; }

static span span_at(kernel kernel, int32_t output, int32_t input) {
  double middle = center(kernel, output);
  int32_t first = (int32_t)(middle - kernel.radius + 0.5);
  int32_t end = (int32_t)(middle + kernel.radius + 0.5);
  if (first < 0) first = 0;
  if (end > input) end = input;
  return (span){first, end - first};
}

// The most inputs that an output can have.
static size_t width_of(kernel kernel) { return (size_t)ceil(kernel.radius) * 2 + 1; }

void cc_antialiased_reach(cc_axis axis, int32_t filter, int32_t *low, int32_t *high) {
  kernel kernel = kernel_of(axis, filter);
  span last = span_at(kernel, axis.start + axis.count - 1, axis.input);
  *low = span_at(kernel, axis.start, axis.input).first;
  *high = last.first + last.count - 1;
}

// A triangle, or the cubic of Keys (1981) with a = -1/2.
static double height_at(int32_t filter, double x) {
  x = fabs(x);
  if (filter != CC_BICUBIC) return x < 1 ? 1 - x : 0;
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * -0.5 : 0;
}

// The weights of one output, and which inputs they are for.
static span weigh(kernel kernel, int32_t filter, int32_t output, int32_t input, int32_t *weights) {
  span span = span_at(kernel, output, input);
  double offset = center(kernel, output), shrink = 1 / kernel.stretch, sum = 0;
  for (int32_t i = 0; i < span.count; ++i) {
    sum += height_at(filter, (i + span.first - offset + 0.5) * shrink);
  }
  int32_t kept = 0;
  for (int32_t i = 0, first = span.first; i < span.count; ++i) {
    double share = height_at(filter, (i + first - offset + 0.5) * shrink);
    if (sum != 0) share /= sum;
    int32_t weight = (int32_t)(share * (1 << BITS) + (share < 0 ? -0.5 : 0.5));
    // An axis that keeps its length costs one multiplication a pixel.
    if (weight == 0 && kept == 0) {
      ++span.first;
    } else {
      weights[kept++] = weight;
    }
  }
  while (kept > 0 && weights[kept - 1] == 0) --kept;
  span.count = kept;
  return span;
}

// --- Passes ------------------------------------------------------------------------------------

typedef struct {
  size_t width;  // weights from one output to the next
  span *spans;
  int32_t *weights;
} taps;

static size_t size_of(cc_axis axis, int32_t filter) {
  size_t width = width_of(kernel_of(axis, filter));
  return (size_t)axis.count * (sizeof(span) + width * sizeof(int32_t));
}

// A line is one byte longer than its pixels, since four are stored and loaded at a time.
static size_t line_of(int32_t pixels) { return (size_t)pixels * 3 + 1; }

// Which axis Pillow begins with: up to version 12 always that of the columns; since 13 that of the
// rows where it makes an image lower by more than twice the pixels by which it makes it narrower.
static int rows_come_first(cc_axis rows, cc_axis columns) {
  int64_t lower = (int64_t)rows.input - rows.output;
  return lower > 0 && lower > 2 * ((int64_t)columns.input - columns.output);
}

size_t cc_antialiased_memory(cc_axis rows, cc_axis columns, int32_t filter) {
  size_t lines = width_of(kernel_of(rows, filter)) * line_of(columns.count);
  if (rows_come_first(rows, columns)) {
    int32_t low = 0, high = 0;
    cc_antialiased_reach(columns, filter, &low, &high);
    lines = line_of(high - low + 1) + line_of(columns.count);
  }
  return size_of(rows, filter) + size_of(columns, filter) + lines;
}

static taps weigh_all(cc_axis axis, int32_t filter, uint8_t *memory) {
  kernel kernel = kernel_of(axis, filter);
  span *spans = (span *)memory;
  taps taps = {width_of(kernel), spans, (int32_t *)(spans + axis.count)};
  for (int32_t i = 0; i < axis.count; ++i) {
    int32_t *weights = taps.weights + (size_t)i * taps.width;
    spans[i] = weigh(kernel, filter, axis.start + i, axis.input, weights);
  }
  return taps;
}

// A pixel in the first three lanes. Four bytes are read, except where there may be only three.
CC_INLINE pixel load(const uint8_t *start, int only_three) {
  if (only_three) return (pixel){start[0], start[1], start[2], 0};
  bytes4 values;
  memcpy(&values, start, 4);
  return __builtin_convertvector(values, pixel);
}

CC_INLINE void filter_line(const uint8_t *line, const taps *taps, cc_axis columns, int only_three,
                           uint8_t *result) {
  for (int32_t x = 0; x < columns.count; ++x) {
    span span = taps->spans[x];
    const int32_t *weights = taps->weights + (size_t)x * taps->width;
    const uint8_t *start = line + 3 * (ptrdiff_t)(span.first - columns.first);
    pixel sum = {HALF, HALF, HALF, HALF};
    for (int32_t i = 0; i < span.count; ++i) sum += load(start + 3 * i, only_three) * weights[i];
    sum >>= BITS;
    sum = __builtin_elementwise_max(sum, (pixel){0, 0, 0, 0});
    sum = __builtin_elementwise_min(sum, (pixel){255, 255, 255, 255});
    bytes4 values = __builtin_convertvector(sum, bytes4);
    memcpy(result + 3 * x, &values, sizeof(values));
  }
}

// Lines of which the one of row `first` comes first and only so many are held, each in the place of
// one that is no longer needed.
typedef struct {
  int32_t first;
  size_t held, stride;
  const uint8_t *bytes;
} lines;

CC_INLINE size_t place(lines lines, int32_t row) {
  return (size_t)(row - lines.first) % lines.held;
}

CC_INLINE void filter_block(lines lines, span span, const int32_t *weights, size_t start,
                            size_t count, uint8_t *result) {
  int32_t sum[BLOCK];
  for (size_t i = 0; i < count; ++i) sum[i] = HALF;
  size_t slot = place(lines, span.first);
  for (int32_t k = 0; k < span.count; ++k) {
    const uint8_t *line = lines.bytes + slot * lines.stride + start;
    for (size_t i = 0; i < count; ++i) sum[i] += line[i] * weights[k];
    slot = slot + 1 == lines.held ? 0 : slot + 1;
  }
  for (size_t i = 0; i < count; ++i) {
    int32_t value = sum[i] >> BITS;
    result[start + i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
  }
}

CC_INLINE void filter_rows(lines lines, const taps *taps, int32_t y, size_t count,
                           uint8_t *result) {
  span span = taps->spans[y];
  const int32_t *weights = taps->weights + (size_t)y * taps->width;
  size_t start = 0;
  for (; start + BLOCK <= count; start += BLOCK) {
    filter_block(lines, span, weights, start, BLOCK, result);
  }
  filter_block(lines, span, weights, start, count - start, result);
}

CC_INLINE void columns_first(const uint8_t *pixels, size_t stride, cc_axis rows, cc_axis columns,
                             int32_t filter, const taps *down, const taps *across, uint8_t *memory,
                             uint8_t *result) {
  int32_t next = 0, last = 0;  // input rows
  cc_antialiased_reach(rows, filter, &next, &last);
  lines lines = {next, down->width, line_of(columns.count), memory};
  for (int32_t y = 0; y < rows.count; ++y) {
    // Every row is read by some output, since filters overlap.
    for (; next < down->spans[y].first + down->spans[y].count; ++next) {
      filter_line(pixels + (size_t)(next - rows.first) * stride, across, columns, next == last,
                  memory + place(lines, next) * lines.stride);
    }
    size_t width = (size_t)columns.count * 3;
    filter_rows(lines, down, y, width, result + (size_t)y * width);
  }
}

CC_INLINE void rows_first(const uint8_t *pixels, size_t stride, cc_axis rows, cc_axis columns,
                          int32_t filter, const taps *down, const taps *across, uint8_t *memory,
                          uint8_t *result) {
  int32_t low = 0, high = 0;
  cc_antialiased_reach(columns, filter, &low, &high);
  lines lines = {rows.first, SIZE_MAX, stride, pixels + 3 * (size_t)(low - columns.first)};
  uint8_t *line = memory + line_of(high - low + 1);
  columns.first = low;
  for (int32_t y = 0; y < rows.count; ++y) {
    filter_rows(lines, down, y, 3 * (size_t)(high - low + 1), memory);
    filter_line(memory, across, columns, 0, line);
    size_t width = (size_t)columns.count * 3;
    memcpy(result + (size_t)y * width, line, width);
  }
}

CC_MULTIVERSION void cc_resize_antialiased(const uint8_t *pixels, size_t stride, cc_axis rows,
                                           cc_axis columns, int32_t filter, void *memory,
                                           uint8_t *result) {
  uint8_t *rest = memory;
  taps down = weigh_all(rows, filter, rest);
  rest += size_of(rows, filter);
  taps across = weigh_all(columns, filter, rest);
  rest += size_of(columns, filter);
  if (rows_come_first(rows, columns)) {
    rows_first(pixels, stride, rows, columns, filter, &down, &across, rest, result);
  } else {
    columns_first(pixels, stride, rows, columns, filter, &down, &across, rest, result);
  }
}
