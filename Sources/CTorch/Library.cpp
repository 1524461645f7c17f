#include <ATen/Parallel.h>
#include <ATen/Version.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <torch/version.h>

#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "Internal.h"

#if defined(__linux__)
#include <dlfcn.h>
#endif

namespace ct {

std::atomic<int64_t> liveHandles{0};
static thread_local std::string lastError;

void setError(const char *message) noexcept {
  try {
    lastError = message;
  } catch (...) {
    lastError.clear();
  }
}

static const at::ScalarType scalarTypes[] = {at::kFloat, at::kBFloat16, at::kHalf, at::kDouble,
                                             at::kLong,  at::kInt,      at::kByte, at::kBool};

at::ScalarType scalarType(int32_t dtype) {
  TORCH_CHECK(dtype >= CT_F32 && dtype <= CT_BOOL, "unknown dtype ", dtype);
  return scalarTypes[dtype];
}

int32_t dtypeOf(at::ScalarType type) {
  for (int32_t dtype = CT_F32; dtype <= CT_BOOL; ++dtype)
    if (scalarTypes[dtype] == type) return dtype;
  return -1;
}

at::Device deviceOf(ct_device device) {
  switch (device.type) {
    case CT_CUDA:
      return at::Device(at::kCUDA, static_cast<at::DeviceIndex>(device.index));
    case CT_MPS:
      return at::Device(at::kMPS, static_cast<at::DeviceIndex>(device.index));
    case CT_META:
      return at::Device(at::kMeta);
    default:
      return at::Device(at::kCPU);
  }
}

#if defined(__linux__)
using ParallelEntry = void (*)(void (*)(void *), void *, unsigned, unsigned);
using ThreadQuery = int (*)();
#endif

void parallelFor(int64_t count, int64_t grain, const std::function<void(int64_t, int64_t)> &body) {
  const int64_t wanted = std::min<int64_t>(at::get_num_threads(), (count + grain - 1) / grain);
#if defined(__linux__)
  static const auto parallel =
      reinterpret_cast<ParallelEntry>(dlsym(RTLD_DEFAULT, "GOMP_parallel"));
  static const auto threadNumber =
      reinterpret_cast<ThreadQuery>(dlsym(RTLD_DEFAULT, "omp_get_thread_num"));
  static const auto threadCount =
      reinterpret_cast<ThreadQuery>(dlsym(RTLD_DEFAULT, "omp_get_num_threads"));
  if (wanted > 1 && parallel && threadNumber && threadCount) {
    struct Work {
      int64_t count;
      const std::function<void(int64_t, int64_t)> *body;
    } work{count, &body};
    parallel(
        [](void *raw) {
          const auto &work = *static_cast<Work *>(raw);
          const int64_t threads = threadCount(), mine = threadNumber();
          const int64_t begin = work.count * mine / threads;
          const int64_t end = work.count * (mine + 1) / threads;
          if (begin < end) (*work.body)(begin, end);
        },
        &work, static_cast<unsigned>(wanted), 0);
    return;
  }
#else
  if (wanted > 1) {
    at::parallel_for(0, count, grain, body);
    return;
  }
#endif
  if (count > 0) body(0, count);
}

}  // namespace ct

using namespace ct;

const char *ct_last_error(void) { return lastError.c_str(); }
const char *ct_version(void) { return TORCH_VERSION; }

const char *ct_cpu_capability(void) {
  static const std::string capability = at::get_cpu_capability();
  return capability.c_str();
}

int64_t ct_live_handles(void) { return liveHandles.load(std::memory_order_relaxed); }
int32_t ct_threads(void) { return at::get_num_threads(); }

int32_t ct_set_threads(int32_t count) {
  return guard([&] { at::set_num_threads(count); });
}

int32_t ct_kernel_threads(void) {
  std::mutex mutex;
  std::set<std::thread::id> seen;
  parallelFor(at::get_num_threads(), 1, [&](int64_t, int64_t) {
    std::lock_guard<std::mutex> lock(mutex);
    seen.insert(std::this_thread::get_id());
  });
  return static_cast<int32_t>(seen.size());
}

// Threads that can be started beside this one, of so many.
static int32_t startable(int32_t wanted) {
  std::mutex mutex;
  std::vector<std::thread> all;
  {
    // All are there at a time, as those of an operator are.
    std::lock_guard<std::mutex> lock(mutex);
    try {
      for (int32_t i = 0; i < wanted; ++i)
        all.emplace_back([&] { std::lock_guard<std::mutex> wait(mutex); });
    } catch (const std::exception &) {
      // The system has no more.
    }
  }
  for (auto &thread : all) thread.join();
  return static_cast<int32_t>(all.size());
}

int32_t ct_usable_threads(void) {
  const int32_t wanted = at::get_num_threads();
#if defined(__linux__)
  // Teams may else be smaller than asked for, and oneDNN's barriers wait for those who are missing.
  using Setting = void (*)(int);
  const auto setDynamic = reinterpret_cast<Setting>(dlsym(RTLD_DEFAULT, "omp_set_dynamic"));
  if (setDynamic) setDynamic(0);
#endif
  // libgomp ends the program where one cannot be started.
  const int32_t started = 1 + startable(wanted - 1);
  if (started < wanted) return started;
  return std::min(wanted, ct_kernel_threads());
}

int32_t ct_manual_seed(uint64_t seed) {
  return guard([&] { at::manual_seed(seed); });
}

int32_t ct_device_count(int32_t type) {
  int32_t count = 0;
  const int32_t status = guard([&] {
    if (type == CT_CPU) {
      count = 1;
    } else if (type == CT_CUDA) {
      count = at::hasCUDA() ? static_cast<int32_t>(at::getNumGPUs()) : 0;
    } else {
      count = at::hasMPS() ? 1 : 0;
    }
  });
  return status == CT_OK ? count : 0;
}

int32_t ct_free_memory(ct_device device, int64_t *bytes) {
  return guard([&] {
    const auto d = deviceOf(device);
    *bytes =
        static_cast<int64_t>(c10::getDeviceAllocator(d.type())->getMemoryInfo(d.index()).first);
  });
}

int32_t ct_synchronize(ct_device device) {
  return guard([&] {
    // Reading one value waits for everything queued before it, on every backend alike.
    if (device.type != CT_CPU) at::zeros({1}, at::device(deviceOf(device))).item<float>();
  });
}
