// What the shim's files share: handles, and the guard that no C++ exception passes.
#pragma once

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <atomic>
#include <exception>
#include <functional>
#include <string>

#include "include/CTorch.h"

// A loop compiled for several instruction sets, the best of which is chosen when the program
// starts.
#if defined(__x86_64__) && defined(__linux__)
#define CT_MULTIVERSION \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CT_MULTIVERSION
#endif
#define CT_INLINE __attribute__((always_inline)) inline

namespace ct {

extern std::atomic<int64_t> liveHandles;
void setError(const char *message) noexcept;

template <typename Body>
int32_t guard(Body body) noexcept {
  try {
    body();
    return CT_OK;
  } catch (const c10::Error &error) {
    setError(error.what_without_backtrace());
  } catch (const std::exception &error) {
    setError(error.what());
  } catch (...) {
    setError("unknown C++ exception");
  }
  return CT_FAILED;
}

inline at::Tensor &get(ct_tensor x) { return *static_cast<at::Tensor *>(x.pointer); }

inline std::optional<at::Tensor> maybe(ct_tensor x) {
  if (x.pointer == nullptr) return std::nullopt;
  return get(x);
}

inline ct_tensor wrap(at::Tensor x) {
  auto *owned = new at::Tensor(std::move(x));
  liveHandles.fetch_add(1, std::memory_order_relaxed);
  return ct_tensor{owned};
}

at::ScalarType scalarType(int32_t dtype);
int32_t dtypeOf(at::ScalarType type);
at::Device deviceOf(ct_device device);

/// Runs body(begin, end) over disjoint pieces of [0, count) on libtorch's own threads. Swift's
/// clang has no omp.h, with which at::parallel_for would silently run on one thread, so
/// GOMP_parallel is called directly.
void parallelFor(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)> &body);

}  // namespace ct
