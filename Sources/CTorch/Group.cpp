// Several processes: libtorch's c10d with its Gloo backend, which `torchrun` starts Python's
// trainings with, too.
#include "Group.h"

#include <torch/csrc/autograd/variable.h>
#include <torch/version.h>

#include <future>
#include <thread>

// Class layouts come from the headers of the libtorch in use. 2.13 was tried;
// against 2.11, 2.12, 2.14 and 2.15 this was compiled, and all that it calls was found in their
// libraries.
#if TORCH_VERSION_MAJOR == 2 && TORCH_VERSION_MINOR >= 11 && TORCH_VERSION_MINOR <= 15 && \
    __has_include(<torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>)
#define CT_HAS_GROUPS 1
#define USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
// Where libtorch has CUDA and its headers are at hand (Package.swift looks for them). Compiled and
// never run: no machine with GPUs was at hand.
#if defined(CT_NCCL)
#define USE_CUDA
#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif
#endif

using namespace ct;

static std::atomic<bool> isLost{false};

bool ct_group_is_lost(void) { return isLost; }

bool ct_has_groups(void) {
#if defined(CT_HAS_GROUPS)
  return true;
#else
  return false;
#endif
}

#if defined(CT_HAS_GROUPS)

namespace {

constexpr const char *failureKey = "failure";

/// What sends tensors from GPU to GPU; null where this was built without.
c10::intrusive_ptr<c10d::Backend> makeNCCL(const c10::intrusive_ptr<c10d::Store> &store, int rank,
                                           int size, std::chrono::milliseconds timeout) {
#if defined(CT_NCCL)
  auto options = c10d::ProcessGroupNCCL::Options::create();
  options->timeout = timeout;
  return c10::make_intrusive<c10d::ProcessGroupNCCL>(
      c10::make_intrusive<c10d::PrefixStore>("nccl", store), rank, size, std::move(options));
#else
  static_cast<void>(store), static_cast<void>(rank), static_cast<void>(size);
  static_cast<void>(timeout);
  return {};
#endif
}

struct Group {
  c10::intrusive_ptr<c10d::Store> store;
  c10::intrusive_ptr<c10d::Backend> gloo;
  int rank;
  int size;
  bool serves;
  std::chrono::milliseconds timeout;
  c10::intrusive_ptr<c10d::Backend> nccl{};

  /// What `values` travel by. All processes ask for the first of a GPU at the same time.
  c10d::Backend &backend(const at::Tensor &values) {
    if (!values.is_cuda()) return *gloo;
    if (!nccl) nccl = makeNCCL(store, rank, size, timeout);
    // Gloo takes them through the machine's memory.
    return nccl ? *nccl : *gloo;
  }

  /// What to say of a collective that failed: the process that failed first tells why before it
  /// leaves.
  std::runtime_error lost(const std::string &what) const {
    isLost = true;
    std::string reason;
    for (int attempt = 0; attempt < 10 && reason.empty(); ++attempt) {
      try {
        if (store->check({failureKey})) {
          const auto bytes = store->get(failureKey);
          reason.assign(bytes.begin(), bytes.end());
        } else {
          std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
      } catch (...) {
        break;
      }
    }
    if (!reason.empty()) return std::runtime_error(reason);
    return std::runtime_error("another process of the group is gone or does not answer: " +
                              what.substr(0, what.find('\n')));
  }

  template <typename Begin>
  void run(Begin begin) const {
    try {
      begin()->wait();
    } catch (const std::exception &error) {
      throw lost(error.what());
    }
  }
};

Group &groupOf(ct_group group) { return *static_cast<Group *>(group.pointer); }

std::chrono::milliseconds milliseconds(double seconds) {
  return std::chrono::milliseconds(static_cast<int64_t>(seconds * 1000));
}

/// What `body` returns, which is given so many seconds: a store's client waits for ever where
/// something else answers.
template <typename Body>
auto within(double seconds, Body body) {
  std::packaged_task<decltype(body())()> task(std::move(body));
  auto result = task.get_future();
  std::thread(std::move(task)).detach();
  if (result.wait_for(milliseconds(seconds)) != std::future_status::ready)
    throw std::runtime_error("what is there does not answer as process 0 would");
  return result.get();
}

}  // namespace

void ct::addUp(ct_group group, std::vector<double> &values) {
  auto sums = at::from_blob(values.data(), {static_cast<int64_t>(values.size())}, at::kDouble);
  addUp(group, sums);
}

void ct::addUp(ct_group group, at::Tensor &values) {
  std::vector<at::Tensor> sums{values};
  auto &own = groupOf(group);
  own.run([&] { return own.backend(values).allreduce(sums); });
}

int32_t ct_group_join(const char *host, int32_t port, const char *prefix, bool serves,
                      const char *address, const char *interface, int32_t rank, int32_t size,
                      double timeout, ct_group *out) {
  return guard([&] {
    c10d::TCPStoreOptions where;
    where.port = static_cast<uint16_t>(port);
    where.isServer = serves;
    // Who comes later finds the store all the same; that all are there shows when they connect.
    where.waitWorkers = false;
    where.timeout = milliseconds(timeout);
    auto first = within(timeout + 5, [name = std::string(host), where] {
      return c10::make_intrusive<c10d::TCPStore>(name, where);
    });
    c10::intrusive_ptr<c10d::Store> store =
        c10::make_intrusive<c10d::PrefixStore>(prefix, std::move(first));
    store->setTimeout(milliseconds(timeout));
    // All are there before Gloo connects them, which would tell of a missing one in many lines.
    store->set("here/" + std::to_string(rank), std::vector<uint8_t>{1});
    for (int other = 0; other < size; ++other) {
      try {
        store->wait({"here/" + std::to_string(other)});
      } catch (const std::exception &) {
        throw std::runtime_error("process " + std::to_string(other) + " of " +
                                 std::to_string(size) + " did not come");
      }
    }
    auto options = c10d::ProcessGroupGloo::Options::create(milliseconds(timeout));
    options->devices.push_back(
        *interface ? c10d::ProcessGroupGloo::createDeviceForInterface(interface)
                   : c10d::ProcessGroupGloo::createDeviceForHostname(address));
    options->threads = 2;
    auto gloo = c10::make_intrusive<c10d::ProcessGroupGloo>(store, rank, size, options);
    *out = ct_group{new Group{store, gloo, rank, size, serves, milliseconds(timeout)}};
  });
}

void ct_group_leave(ct_group group) { delete static_cast<Group *>(group.pointer); }

int32_t ct_group_broadcast(ct_group group, ct_tensor x) {
  return guard([&] {
    const at::NoGradGuard noGradients;
    auto target = get(x).detach();
    std::vector<at::Tensor> values{target.contiguous()};
    auto &own = groupOf(group);
    own.run([&] { return own.backend(values[0]).broadcast(values); });
    if (!values[0].is_same(target)) target.copy_(values[0]);
  });
}

int32_t ct_group_all_gather(ct_group group, ct_tensor x, ct_tensor *out) {
  return guard([&] {
    auto &own = groupOf(group);
    std::vector<at::Tensor> given{get(x).contiguous()};
    std::vector<std::vector<at::Tensor>> parts(1);
    for (int rank = 0; rank < own.size; ++rank) parts[0].push_back(at::empty_like(given[0]));
    own.run([&] { return own.backend(given[0]).allgather(parts, given); });
    *out = wrap(at::stack(parts[0]));
  });
}

int32_t ct_group_set(ct_group group, const char *key, const void *bytes, size_t count) {
  return guard([&] {
    const auto *first = static_cast<const uint8_t *>(bytes);
    groupOf(group).store->set(key, std::vector<uint8_t>(first, first + count));
  });
}

int32_t ct_group_get(ct_group group, const char *key, void **bytes, size_t *count) {
  return guard([&] {
    const auto &own = groupOf(group);
    std::vector<uint8_t> value;
    // Whoever fails meanwhile ends the wait. The store is asked rather than waited for, since its
    // client tells of every wait that lasts.
    try {
      for (auto pause = std::chrono::milliseconds(1); !own.store->check({key});
           pause = std::min(2 * pause, std::chrono::milliseconds(50))) {
        if (own.store->check({failureKey})) throw own.lost("");
        std::this_thread::sleep_for(pause);
      }
      value = own.store->get(key);
    } catch (const c10::Error &error) {
      throw own.lost(error.what());
    }
    *count = value.size();
    *bytes = ::malloc(std::max<size_t>(1, value.size()));
    std::copy(value.begin(), value.end(), static_cast<uint8_t *>(*bytes));
  });
}

int32_t ct_group_fail(ct_group group, const char *sentence, bool *isFirst) {
  return guard([&] {
    const std::string words = sentence;
    auto &own = groupOf(group);
    auto &store = *own.store;
    *isFirst = store.add("failures", 1) == 1;
    if (*isFirst) store.set(failureKey, std::vector<uint8_t>(words.begin(), words.end()));
    if (!own.serves) return;
    // The others have to read it before the store goes: what they wait in is ended first, in a
    // thread of its own, since that may wait, too.
    std::thread([gloo = std::move(own.gloo), nccl = std::move(own.nccl)]() mutable {
      gloo.reset();
      nccl.reset();
    }).detach();
    for (int attempt = 0; attempt < 60 && store.add("failures", 0) < own.size; ++attempt)
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
  });
}

namespace {

// The gradients of a network in flat buckets, laid out once: in the order in which backward is
// likely to reach them. A bucket is on its way as soon as it and all before it are full, so that
// the order of collectives is the same everywhere.
struct Buckets {
  struct Slot {
    at::Tensor parameter;
    size_t bucket;
    at::Tensor values;  // of the parameter's shape, in the bucket
    bool isFilled;
  };
  struct Bucket {
    at::Tensor values;
    int64_t missing;
    int64_t slots;
    c10::intrusive_ptr<c10d::Work> work;
  };
  Group &group;
  std::vector<Slot> slots;
  std::vector<Bucket> buckets;
  at::Tensor extras;
  size_t next = 0;
  bool isArmed = false;

  explicit Buckets(Group &group) : group(group) {}

  ~Buckets() {
    for (auto &slot : slots)
      torch::autograd::impl::set_post_acc_grad_hooks(slot.parameter, nullptr);
  }

  void fill(size_t index) {
    auto &slot = slots[index];
    if (!isArmed || slot.isFilled) return;
    const at::NoGradGuard noGradients;
    const auto &gradient = slot.parameter.grad();
    if (gradient.defined())
      slot.values.copy_(gradient);
    else
      slot.values.zero_();
    slot.isFilled = true;
    --buckets[slot.bucket].missing;
    while (next < buckets.size() && buckets[next].missing == 0) {
      std::vector<at::Tensor> values{buckets[next].values};
      buckets[next++].work = group.backend(values[0]).allreduce(values);
    }
  }
};

struct Filler : torch::autograd::PostAccumulateGradHook {
  Buckets *buckets;
  size_t slot;
  Filler(Buckets *buckets, size_t slot) : buckets(buckets), slot(slot) {}
  void operator()(const at::Tensor &) override { buckets->fill(slot); }
};

}  // namespace

int32_t ct_buckets_make(ct_group group, const ct_tensor *parameters, int32_t count, int64_t bytes,
                        int32_t extras, ct_buckets *out) {
  return guard([&] {
    auto made = std::make_unique<Buckets>(groupOf(group));
    std::vector<int64_t> starts;
    std::vector<int64_t> sizes;
    // Backward begins at the end. The first bucket is small, so that the first collective starts
    // early.
    for (int32_t i = count - 1; i >= 0; --i) {
      const auto &parameter = get(parameters[i]);
      const int64_t most = (sizes.size() == 1 ? 1 << 20 : bytes) / 4;
      if (sizes.empty() || sizes.back() >= most) sizes.push_back(0);
      made->slots.push_back({parameter, sizes.size() - 1, {}, false});
      starts.push_back(sizes.back());
      sizes.back() += parameter.numel();
    }
    const int64_t last = sizes.back();
    sizes.back() += extras;
    const auto options = at::TensorOptions(at::kFloat).device(get(parameters[0]).device());
    for (const int64_t size : sizes)
      made->buckets.push_back({at::zeros({size}, options), 0, 0, {}});
    for (size_t i = 0; i < made->slots.size(); ++i) {
      auto &slot = made->slots[i];
      auto &bucket = made->buckets[slot.bucket];
      ++bucket.slots;
      slot.values =
          bucket.values.as_strided(slot.parameter.sizes(), slot.parameter.strides(), starts[i]);
      torch::autograd::impl::set_post_acc_grad_hooks(slot.parameter,
                                                     std::make_unique<Filler>(made.get(), i));
    }
    made->extras = made->buckets.back().values.narrow(0, last, extras);
    *out = ct_buckets{made.release()};
  });
}

void ct_buckets_free(ct_buckets buckets) { delete static_cast<Buckets *>(buckets.pointer); }

int32_t ct_buckets_begin(ct_buckets buckets, const double *extras) {
  return guard([&] {
    auto &own = *static_cast<Buckets *>(buckets.pointer);
    own.isArmed = true;
    own.next = 0;
    for (auto &slot : own.slots) slot.isFilled = false;
    for (auto &bucket : own.buckets) bucket.missing = bucket.slots;
    std::vector<float> values(extras, extras + own.extras.numel());
    own.extras.copy_(at::from_blob(values.data(), {own.extras.numel()}, at::kFloat));
  });
}

int32_t ct_buckets_finish(ct_buckets buckets, double *extras) {
  return guard([&] {
    auto &own = *static_cast<Buckets *>(buckets.pointer);
    for (size_t i = 0; i < own.slots.size(); ++i) own.fill(i);
    own.isArmed = false;
    for (auto &bucket : own.buckets) own.group.run([&] { return std::move(bucket.work); });
    for (auto &slot : own.slots) slot.parameter.mutable_grad() = slot.values;
    const auto sums = own.extras.to(at::kCPU);
    std::copy_n(sums.const_data_ptr<float>(), sums.numel(), extras);
  });
}

#else

static int32_t absent() {
  setError("this libtorch's c10d is not one that is known");
  return CT_FAILED;
}

void ct::addUp(ct_group, std::vector<double> &) {}
void ct::addUp(ct_group, at::Tensor &) {}
int32_t ct_group_join(const char *, int32_t, const char *, bool, const char *, const char *,
                      int32_t, int32_t, double, ct_group *) {
  return absent();
}
void ct_group_leave(ct_group) {}
int32_t ct_group_broadcast(ct_group, ct_tensor) { return absent(); }
int32_t ct_group_all_gather(ct_group, ct_tensor, ct_tensor *) { return absent(); }
int32_t ct_group_set(ct_group, const char *, const void *, size_t) { return absent(); }
int32_t ct_group_get(ct_group, const char *, void **, size_t *) { return absent(); }
int32_t ct_group_fail(ct_group, const char *, bool *) { return absent(); }
int32_t ct_buckets_make(ct_group, const ct_tensor *, int32_t, int64_t, int32_t, ct_buckets *) {
  return absent();
}
void ct_buckets_free(ct_buckets) {}
int32_t ct_buckets_begin(ct_buckets, const double *) { return absent(); }
int32_t ct_buckets_finish(ct_buckets, double *) { return absent(); }

#endif
