// libjpeg asks its memory manager for everything, through pointers that may be replaced. Ours hands
// out one block from its start and begins again with the next image, so that a loop over many images
// does not allocate once the block is as large as the largest of them needs.
#include "jpeg_memory.h"

#include <stdlib.h>
#include <string.h>
// The values in jerror.h depend on jpeglib.h, which the header above includes.
#include <jerror.h>

// Vector instructions of libjpeg-turbo need rows that begin at multiples of 32 and may read and
// write up to the next multiple of 64.
enum { ALIGNMENT = 64 };
// What only a rare, huge image needs is given up after it.
enum { MOST_KEPT = 128 << 20 };

typedef struct cc_spill {
  struct cc_spill *next;
  uint8_t *bytes;
} cc_spill;

struct jvirt_barray_control {
  struct jvirt_barray_control *next;
  JBLOCKARRAY rows;
  JDIMENSION width, height;
  boolean zeroed;
};

static size_t rounded(size_t size) { return (size + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT; }

static void *take(j_common_ptr info, size_t size) {
  cc_jpeg_memory *memory = cc_jpeg_memory_of(info);
  size = rounded(size);
  if (size > memory->limit || memory->used + memory->spilled > memory->limit - size) {
    ERREXIT1(info, JERR_OUT_OF_MEMORY, CC_OVER_LIMIT);
  }
  if (size <= memory->capacity - memory->used) {
    void *result = memory->block + memory->used;
    memory->used += size;
    return result;
  }
  cc_spill *spill = malloc(sizeof(cc_spill));
  if (spill == NULL) ERREXIT1(info, JERR_OUT_OF_MEMORY, 1);
  spill->bytes = aligned_alloc(ALIGNMENT, size);
  if (spill->bytes == NULL) {
    free(spill);
    ERREXIT1(info, JERR_OUT_OF_MEMORY, 2);
  }
  spill->next = memory->spills;
  memory->spills = spill;
  memory->spilled += size;
  return spill->bytes;
}

static void drop_spills(cc_jpeg_memory *memory) {
  while (memory->spills) {
    cc_spill *next = memory->spills->next;
    free(memory->spills->bytes);
    free(memory->spills);
    memory->spills = next;
  }
  memory->spilled = 0;
}

static void *alloc(j_common_ptr info, int pool, size_t size) {
  (void)pool;
  return take(info, size);
}

static JSAMPARRAY alloc_sarray(j_common_ptr info, int pool, JDIMENSION width, JDIMENSION height) {
  (void)pool;
  JSAMPARRAY rows = take(info, height * sizeof(JSAMPROW));
  size_t row = rounded(width);
  JSAMPROW samples = take(info, height * row);
  for (JDIMENSION y = 0; y < height; ++y) rows[y] = samples + y * row;
  return rows;
}

static JBLOCKARRAY alloc_barray(j_common_ptr info, int pool, JDIMENSION width, JDIMENSION height) {
  (void)pool;
  JBLOCKARRAY rows = take(info, height * sizeof(JBLOCKROW));
  JBLOCKROW blocks = take(info, (size_t)height * width * sizeof(JBLOCK));
  for (JDIMENSION y = 0; y < height; ++y) rows[y] = blocks + (size_t)y * width;
  return rows;
}

// The coefficients of a progressive image. They stay in memory as a whole.
static jvirt_barray_ptr request_virt_barray(j_common_ptr info, int pool, boolean zeroed,
                                            JDIMENSION width, JDIMENSION height,
                                            JDIMENSION most_rows) {
  (void)pool;
  (void)most_rows;
  cc_jpeg_memory *memory = cc_jpeg_memory_of(info);
  jvirt_barray_ptr array = take(info, sizeof(struct jvirt_barray_control));
  *array = (struct jvirt_barray_control){memory->arrays, NULL, width, height, zeroed};
  memory->arrays = array;
  return array;
}

static void realize_virt_arrays(j_common_ptr info) {
  cc_jpeg_memory *memory = cc_jpeg_memory_of(info);
  for (jvirt_barray_ptr array = memory->arrays; array; array = array->next) {
    if (array->rows != NULL) continue;
    array->rows = alloc_barray(info, JPOOL_IMAGE, array->width, array->height);
    if (array->zeroed && array->height > 0) {
      memset(array->rows[0], 0, (size_t)array->height * array->width * sizeof(JBLOCK));
    }
  }
  memory->original.realize_virt_arrays(info);
}

static JBLOCKARRAY access_virt_barray(j_common_ptr info, jvirt_barray_ptr array, JDIMENSION start,
                                      JDIMENSION count, boolean writable) {
  (void)writable;
  if (array->rows == NULL || start > array->height || count > array->height - start) {
    ERREXIT(info, JERR_BAD_VIRTUAL_ACCESS);
  }
  return array->rows + start;
}

static void free_pool(j_common_ptr info, int pool) {
  cc_jpeg_memory *memory = cc_jpeg_memory_of(info);
  if (pool == JPOOL_IMAGE) {
    size_t needed = rounded(memory->used + memory->spilled);
    bool grows = memory->spills != NULL && needed <= MOST_KEPT;
    drop_spills(memory);
    memory->arrays = NULL;
    memory->used = 0;
    if (grows) {
      free(memory->block);
      // A little more, since the next image is rarely of exactly the same size.
      memory->capacity = rounded(needed + needed / 4);
      memory->block = aligned_alloc(ALIGNMENT, memory->capacity);
      if (memory->block == NULL) memory->capacity = 0;
    }
  }
  memory->original.free_pool(info, pool);
}

void cc_jpeg_memory_install(cc_jpeg_memory *memory, j_common_ptr info) {
  memory->original = *info->mem;
  info->mem->alloc_small = alloc;
  info->mem->alloc_large = alloc;
  info->mem->alloc_sarray = alloc_sarray;
  info->mem->alloc_barray = alloc_barray;
  info->mem->request_virt_barray = request_virt_barray;
  info->mem->realize_virt_arrays = realize_virt_arrays;
  info->mem->access_virt_barray = access_virt_barray;
  info->mem->free_pool = free_pool;
}

void cc_jpeg_memory_free(cc_jpeg_memory *memory) {
  drop_spills(memory);
  free(memory->block);
}
