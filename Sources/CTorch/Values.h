// Numbers as our own loops read and write them. Free functions that are always inlined, so that
// each instruction set's version of a loop vectorises the conversion together with the arithmetic.
#pragma once

#include <cstdint>

#include "Internal.h"

namespace ct {

struct BF16 {
  uint16_t bits;
};

static CT_INLINE float read(const float &from) { return from; }
static CT_INLINE float read(const BF16 &from) {
  return __builtin_bit_cast(float, static_cast<uint32_t>(from.bits) << 16);
}

static CT_INLINE void write(float &to, float value) { to = value; }
/// Rounds to nearest even and keeps NaN.
static CT_INLINE void write(BF16 &to, float value) {
  const uint32_t raw = __builtin_bit_cast(uint32_t, value);
  const uint32_t rounded = (raw + 0x7fff + ((raw >> 16) & 1)) >> 16;
  to.bits = static_cast<uint16_t>((raw & 0x7fffffff) > 0x7f800000 ? 0x7fc0 : rounded);
}

/// The values of an f32 tensor. Not `const_data_ptr<float>()`: libtorch 2.11 declares it such that
/// GCC, which libtorch is built with, and Swift's clang name its symbol differently.
inline const float *floats(const at::Tensor &x) {
  TORCH_CHECK(x.scalar_type() == at::kFloat, "expected scalar type Float but found ",
              x.scalar_type());
  return static_cast<const float *>(x.const_data_ptr());
}

}  // namespace ct
