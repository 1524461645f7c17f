// TensorFlow's two ways of resizing. In C, since one loop can be compiled for several instruction
// sets here and the best is chosen when the program starts.
#include <math.h>
#include <string.h>

#include "CCodecs.h"
#include "multiversion.h"

// TensorFlow's numbers come from separate multiplications and additions.
#pragma STDC FP_CONTRACT OFF

// Columns are worked off in strips of this many outputs, whose lines stay in the nearest cache and
// on the stack.
enum { STRIP = 256 };

typedef float pixel __attribute__((vector_size(16)));
typedef uint8_t bytes4 __attribute__((vector_size(4)));

// A pixel in the first three lanes. Four bytes are read, except where there may be only three.
CC_INLINE pixel load(const uint8_t *start, int only_three) {
  if (only_three) return (pixel){start[0], start[1], start[2], 0};
  bytes4 values;
  memcpy(&values, start, 4);
  return __builtin_convertvector(values, pixel);
}

// Lines are one value longer than three a pixel, since four are stored at a time.
CC_INLINE void store(float *target, pixel value) { memcpy(target, &value, sizeof(value)); }

// --- Bilinear --------------------------------------------------------------------------------------

typedef struct {
  int32_t low, high;
  float weight;  // of `high`; that of `low` is one less this
} tap;

CC_INLINE tap tap_at(int32_t output, float scale, int32_t input) {
  float center = ((float)output + 0.5f) * scale - 0.5f;
  float below = floorf(center);
  int32_t low = (int32_t)below, high = (int32_t)ceilf(center);
  return (tap){low < 0 ? 0 : low, high > input - 1 ? input - 1 : high, center - below};
}

static float scale_of(cc_axis axis) { return (float)axis.input / (float)axis.output; }

void cc_bilinear_reach(cc_axis axis, int32_t *low, int32_t *high) {
  *low = tap_at(axis.start, scale_of(axis), axis.input).low;
  *high = tap_at(axis.start + axis.count - 1, scale_of(axis), axis.input).high;
}

// --- Sixteen values at a time ---------------------------------------------------------------------

// Where the processor can pick any 64 bytes out of 64 (AVX-512 VBMI), one instruction fetches the
// inputs of sixteen values, which halves the time of a resize: loading pixel by pixel is most of it.

#if defined(__x86_64__) && defined(__GLIBC__)
#include <immintrin.h>
#define CC_PERMUTES
#endif

enum { GROUP = 16 };

typedef struct {
  uint8_t places[2 * GROUP];  // of the low, then the high inputs, from `start` on
  float weights[GROUP];
  int32_t start;   // first byte of the line that is read
  uint64_t bytes;  // which of the 64 bytes from there are
} group;

// What the lines of a strip have in common.
typedef struct {
  tap taps[STRIP];
  int32_t count;
  int permutes;  // whether the groups are filled in and can be used
  group groups[3 * STRIP / GROUP];
} strip;

#ifdef CC_PERMUTES
#define CC_VBMI __attribute__((target("avx512f,avx512bw,avx512vl,avx512vbmi")))

CC_VBMI static void cc_permute(const uint8_t *line, const group *groups, int32_t count,
                               float *result) {
  for (int32_t i = 0; i < count; i += GROUP, ++groups) {
    __m512i window = _mm512_maskz_loadu_epi8(groups->bytes, line + groups->start);
    __m512i places = _mm512_castsi256_si512(_mm256_loadu_si256((const __m256i *)groups->places));
    __m512i picked = _mm512_permutexvar_epi8(places, window);
    __m512 low = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm512_castsi512_si128(picked)));
    __m512 high = _mm512_cvtepi32_ps(_mm512_cvtepu8_epi32(_mm512_extracti32x4_epi32(picked, 1)));
    __m512 share = _mm512_mul_ps(_mm512_sub_ps(high, low), _mm512_loadu_ps(groups->weights));
    _mm512_storeu_ps(result + i, _mm512_add_ps(low, share));
  }
}
#endif

// Fills in the groups, if the processor and the strip allow for them: sixteen outputs must come from
// 64 neighbouring bytes, which is so unless an image shrinks to less than about a third.
static void plan(strip *strip) {
  strip->permutes = 0;
#ifdef CC_PERMUTES
  if (!__builtin_cpu_supports("avx512vbmi")) return;
  int32_t count = 3 * strip->count;
  for (int32_t first = 0; first < count; first += GROUP) {
    group *group = &strip->groups[first / GROUP];
    int32_t low[GROUP], high[GROUP], start = INT32_MAX, end = 0;
    for (int32_t i = 0; i < GROUP; ++i) {
      int32_t value = first + i < count ? first + i : count - 1;
      tap tap = strip->taps[value / 3];
      low[i] = tap.low + value % 3;
      high[i] = tap.high + value % 3;
      group->weights[i] = tap.weight;
      start = low[i] < start ? low[i] : start;
      end = high[i] > end ? high[i] : end;
    }
    if (end - start >= 64) return;
    for (int32_t i = 0; i < GROUP; ++i) {
      group->places[i] = (uint8_t)(low[i] - start);
      group->places[GROUP + i] = (uint8_t)(high[i] - start);
    }
    group->start = start;
    group->bytes = UINT64_MAX >> (63 - (end - start));
  }
  strip->permutes = 1;
#endif
}

// --- Pixel by pixel -------------------------------------------------------------------------------

CC_INLINE void interpolate(const uint8_t *line, const tap *taps, int32_t count, int only_three,
                           float *result) {
  for (int32_t x = 0; x < count; ++x) {
    pixel low = load(line + taps[x].low, only_three), high = load(line + taps[x].high, only_three);
    store(result + 3 * x, low + (high - low) * taps[x].weight);
  }
}

CC_INLINE void interpolate_line(const uint8_t *line, const strip *strip, int only_three,
                                float *result) {
#ifdef CC_PERMUTES
  if (strip->permutes) {
    cc_permute(line, strip->groups, 3 * strip->count, result);
    return;
  }
#endif
  interpolate(line, strip->taps, strip->count, only_three, result);
}

CC_INLINE void bilinear_strip(const uint8_t *pixels, size_t stride, cc_axis rows,
                              const strip *strip, size_t result_stride, uint8_t *result) {
  // Both ways of filling a line may write a little more than it holds.
  float lines[2][3 * STRIP + 16];
  float *above = lines[0], *below = lines[1];
  // The input rows that the two lines hold. When an image grows, neighbouring outputs lie between
  // the same two.
  int32_t above_row = -1, below_row = -1;
  int32_t last_row = 0, unused = 0;
  cc_bilinear_reach(rows, &unused, &last_row);
  for (int32_t y = 0; y < rows.count; ++y) {
    tap row = tap_at(rows.start + y, scale_of(rows), rows.input);
    if (row.low == below_row) {
      float *line = above;
      above = below;
      below = line;
      below_row = above_row;
      above_row = row.low;
    }
    if (row.low != above_row) {
      above_row = row.low;
      interpolate_line(pixels + (size_t)(above_row - rows.first) * stride, strip,
                       above_row == last_row, above);
    }
    if (row.high != below_row) {
      below_row = row.high;
      interpolate_line(pixels + (size_t)(below_row - rows.first) * stride, strip,
                       below_row == last_row, below);
    }
    uint8_t *line = result + (size_t)y * result_stride;
    for (int32_t i = 0; i < 3 * strip->count; ++i) {
      line[i] = (uint8_t)(int32_t)(above[i] + (below[i] - above[i]) * row.weight);
    }
  }
}

CC_MULTIVERSION void cc_resize_bilinear(const uint8_t *pixels, size_t stride, cc_axis rows,
                                        cc_axis columns, int32_t flip, uint8_t *result) {
  strip strip;
  float scale = (float)columns.input / (float)columns.output;
  for (int32_t start = 0; start < columns.count; start += STRIP) {
    int32_t count = columns.count - start < STRIP ? columns.count - start : STRIP;
    for (int32_t x = 0; x < count; ++x) {
      int32_t place = flip ? columns.count - 1 - start - x : start + x;
      tap tap = tap_at(columns.start + place, scale, columns.input);
      tap.low = 3 * (tap.low - columns.first);
      tap.high = 3 * (tap.high - columns.first);
      strip.taps[x] = tap;
    }
    strip.count = count;
    plan(&strip);
    bilinear_strip(pixels, stride, rows, &strip, (size_t)columns.count * 3,
                   result + 3 * (size_t)start);
  }
}

// --- Area ------------------------------------------------------------------------------------------

// The inputs that an output averages: first ..< end, those between the first and the last with
// weight one.
typedef struct {
  int32_t first, end;
  float first_weight, last_weight;
} span;

// How much of the pixel i ..< i + 1 lies in low ..< high.
CC_INLINE float share(int32_t i, float low, float high, float scale) {
  float start = (float)i, end = (float)(i + 1);
  if (start < low) return end > high ? scale : end - low;
  return end > high ? high - start : 1;
}

// In float32 as TensorFlow's ResizeArea: its sums land just below an integer in flat regions, which
// truncation makes visible.
CC_INLINE span span_at(int32_t output, float scale) {
  float low = (float)output * scale, high = (float)(output + 1) * scale;
  int32_t first = (int32_t)floorf(low), end = (int32_t)ceilf(high);
  return (span){first, end, share(first, low, high, scale), share(end - 1, low, high, scale)};
}

// Rounding can put the last input one past the border.
CC_INLINE int32_t clamped(int32_t i, int32_t input) { return i < input ? i : input - 1; }

void cc_area_reach(cc_axis axis, int32_t *low, int32_t *high) {
  *low = clamped(span_at(axis.start, scale_of(axis)).first, axis.input);
  *high = clamped(span_at(axis.start + axis.count - 1, scale_of(axis)).end - 1, axis.input);
}

CC_INLINE void sums(const uint8_t *line, const span *spans, int32_t count, cc_axis columns,
                    int only_three, float *result) {
  for (int32_t x = 0; x < count; ++x) {
    span span = spans[x];
    const uint8_t *start = line + 3 * (ptrdiff_t)(clamped(span.first, columns.input) - columns.first);
    pixel sum = load(start, only_three) * span.first_weight;
    if (span.first + 1 < span.end) {
      for (int32_t i = span.first + 1; i < span.end - 1; ++i) {
        start += 3;
        sum += load(start, only_three);
      }
      const uint8_t *last =
          line + 3 * (ptrdiff_t)(clamped(span.end - 1, columns.input) - columns.first);
      sum += load(last, only_three) * span.last_weight;
    }
    store(result + 3 * x, sum);
  }
}

CC_MULTIVERSION void cc_resize_area(const uint8_t *pixels, size_t stride, cc_axis rows,
                                    cc_axis columns, uint8_t *result) {
  float y_scale = (float)rows.input / (float)rows.output;
  float x_scale = (float)columns.input / (float)columns.output;
  float norm = (float)(1 / (double)(y_scale * x_scale));
  int32_t last_row = 0, unused = 0;
  cc_area_reach(rows, &unused, &last_row);
  span spans[STRIP];
  float line[3 * STRIP + 1], sum[3 * STRIP];
  for (int32_t start = 0; start < columns.count; start += STRIP) {
    int32_t count = columns.count - start < STRIP ? columns.count - start : STRIP;
    for (int32_t x = 0; x < count; ++x) spans[x] = span_at(columns.start + start + x, x_scale);
    // The input row whose sums `line` holds. The last of one output is often the first of the next.
    int32_t held = -1;
    for (int32_t y = 0; y < rows.count; ++y) {
      span span = span_at(rows.start + y, y_scale);
      memset(sum, 0, (size_t)(3 * count) * sizeof(float));
      for (int32_t row = span.first; row < span.end; ++row) {
        int32_t input = clamped(row, rows.input);
        if (input != held) {
          held = input;
          sums(pixels + (size_t)(input - rows.first) * stride, spans, count, columns,
               input == last_row, line);
        }
        float weight = row == span.first     ? span.first_weight
                       : row == span.end - 1 ? span.last_weight
                                             : 1;
        for (int32_t i = 0; i < 3 * count; ++i) sum[i] += line[i] * weight;
      }
      uint8_t *target = result + 3 * ((size_t)y * (size_t)columns.count + (size_t)start);
      for (int32_t i = 0; i < 3 * count; ++i) {
        float value = sum[i] * norm;
        target[i] = (uint8_t)(int32_t)(value < 255 ? value : 255);
      }
    }
  }
}
