#include <cstring>

#include "Internal.h"

using namespace ct;

static at::IntArrayRef list(const int64_t *values, int32_t count) {
  return at::IntArrayRef(values, static_cast<size_t>(count));
}

int32_t ct_from_bytes(const void *bytes, const int64_t *shape, int32_t rank, int32_t dtype,
                      ct_tensor *out) {
  return guard([&] {
    auto x = at::empty(list(shape, rank), at::dtype(scalarType(dtype)));
    if (bytes != nullptr && x.nbytes() > 0) std::memcpy(x.data_ptr(), bytes, x.nbytes());
    *out = wrap(std::move(x));
  });
}

int32_t ct_full(const int64_t *shape, int32_t rank, double value, int32_t dtype, ct_device device,
                ct_tensor *out) {
  return guard([&] {
    *out = wrap(
        at::full(list(shape, rank), value, at::dtype(scalarType(dtype)).device(deviceOf(device))));
  });
}

int32_t ct_randn(const int64_t *shape, int32_t rank, int32_t dtype, ct_device device,
                 ct_tensor *out) {
  return guard([&] {
    *out =
        wrap(at::randn(list(shape, rank), at::dtype(scalarType(dtype)).device(deviceOf(device))));
  });
}

int32_t ct_rand(const int64_t *shape, int32_t rank, int32_t dtype, ct_device device,
                ct_tensor *out) {
  return guard([&] {
    *out = wrap(at::rand(list(shape, rank), at::dtype(scalarType(dtype)).device(deviceOf(device))));
  });
}

void ct_free(ct_tensor x) {
  if (x.pointer == nullptr) return;
  delete static_cast<at::Tensor *>(x.pointer);
  liveHandles.fetch_sub(1, std::memory_order_relaxed);
}

int32_t ct_rank(ct_tensor x) { return static_cast<int32_t>(get(x).dim()); }
int64_t ct_size(ct_tensor x, int32_t dimension) { return get(x).size(dimension); }
int32_t ct_dtype_of(ct_tensor x) { return dtypeOf(get(x).scalar_type()); }

ct_device ct_device_of(ct_tensor x) {
  const auto device = get(x).device();
  const int32_t index = device.has_index() ? device.index() : 0;
  if (device.is_cuda()) return ct_device{CT_CUDA, index};
  if (device.is_mps()) return ct_device{CT_MPS, index};
  if (device.is_meta()) return ct_device{CT_META, 0};
  return ct_device{CT_CPU, 0};
}

bool ct_is_channels_last(ct_tensor x) {
  return get(x).is_contiguous(at::MemoryFormat::ChannelsLast);
}

int32_t ct_to_bytes(ct_tensor x, void *bytes, size_t count) {
  return guard([&] {
    const auto host = get(x).detach().to(at::kCPU).contiguous();
    TORCH_CHECK(host.nbytes() == count, "a buffer of ", count, " bytes for a tensor of ",
                host.nbytes());
    if (count > 0) std::memcpy(bytes, host.const_data_ptr(), count);
  });
}

int32_t ct_data(ct_tensor x, void **out) {
  return guard([&] {
    TORCH_CHECK(get(x).device().is_cpu() && get(x).is_contiguous(), "memory of a tensor that is not dense");
    *out = get(x).mutable_data_ptr();
  });
}

int32_t ct_to(ct_tensor x, int32_t dtype, ct_device device, ct_tensor *out) {
  return guard([&] { *out = wrap(get(x).to(deviceOf(device), scalarType(dtype))); });
}

int32_t ct_contiguous(ct_tensor x, int32_t layout, ct_tensor *out) {
  return guard([&] {
    *out = wrap(get(x).contiguous(layout == CT_CHANNELS_LAST ? at::MemoryFormat::ChannelsLast
                                                             : at::MemoryFormat::Contiguous));
  });
}

int32_t ct_copy_into(ct_tensor destination, ct_tensor source) {
  return guard([&] {
    c10::NoGradGuard noGrad;
    TORCH_CHECK(get(destination).sizes() == get(source).sizes(), "copy of shape ",
                get(source).sizes(), " into shape ", get(destination).sizes());
    get(destination).copy_(get(source));
  });
}

int32_t ct_clone(ct_tensor x, ct_tensor *out) {
  return guard([&] { *out = wrap(get(x).clone()); });
}

int32_t ct_detach(ct_tensor x, ct_tensor *out) {
  return guard([&] { *out = wrap(get(x).detach()); });
}
