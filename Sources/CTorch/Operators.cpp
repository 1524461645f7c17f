#include "Internal.h"

using namespace ct;

static at::IntArrayRef list(const int64_t *values, int32_t count) {
  return at::IntArrayRef(values, static_cast<size_t>(count));
}

#define UNARY(name)                                       \
  int32_t ct_##name(ct_tensor x, ct_tensor *out) {        \
    return guard([&] { *out = wrap(at::name(get(x))); }); \
  }
#define BINARY(name)                                              \
  int32_t ct_##name(ct_tensor a, ct_tensor b, ct_tensor *out) {   \
    return guard([&] { *out = wrap(at::name(get(a), get(b))); }); \
  }
UNARY(neg)
UNARY(exp)
UNARY(log)
UNARY(sqrt)
UNARY(abs)
UNARY(relu)
UNARY(relu6)
UNARY(hardswish)
UNARY(hardsigmoid)
UNARY(gelu)
UNARY(erfinv)
UNARY(isfinite)
BINARY(add)
BINARY(sub)
BINARY(mul)
BINARY(div)
BINARY(eq)
BINARY(maximum)
BINARY(matmul)

int32_t ct_add_scalar(ct_tensor x, double value, ct_tensor *out) {
  return guard([&] { *out = wrap(at::add(get(x), value)); });
}
int32_t ct_mul_scalar(ct_tensor x, double value, ct_tensor *out) {
  return guard([&] { *out = wrap(at::mul(get(x), value)); });
}
int32_t ct_fake_quantize(ct_tensor x, double scale, int64_t zero, ct_tensor *out) {
  return guard([&] {
    *out = wrap(at::fake_quantize_per_tensor_affine(get(x), scale, zero, 0, 255));
  });
}

int32_t ct_clamp(ct_tensor x, double low, double high, ct_tensor *out) {
  return guard([&] { *out = wrap(at::clamp(get(x), low, high)); });
}
int32_t ct_sum(ct_tensor x, const int64_t *dims, int32_t count, bool keep, ct_tensor *out) {
  return guard([&] { *out = wrap(at::sum(get(x), list(dims, count), keep)); });
}
int32_t ct_mean(ct_tensor x, const int64_t *dims, int32_t count, bool keep, ct_tensor *out) {
  return guard([&] { *out = wrap(at::mean(get(x), list(dims, count), keep)); });
}
int32_t ct_argmax(ct_tensor x, int64_t dim, ct_tensor *out) {
  return guard([&] { *out = wrap(at::argmax(get(x), dim)); });
}
int32_t ct_softmax(ct_tensor x, int64_t dim, ct_tensor *out) {
  return guard([&] { *out = wrap(at::softmax(get(x), dim)); });
}
int32_t ct_log_softmax(ct_tensor x, int64_t dim, ct_tensor *out) {
  return guard([&] { *out = wrap(at::log_softmax(get(x), dim)); });
}
int32_t ct_sort_descending(ct_tensor x, int64_t dim, ct_tensor *indices) {
  return guard([&] { *indices = wrap(std::get<1>(at::sort(get(x), /*stable=*/true, dim, true))); });
}
int32_t ct_gather(ct_tensor x, int64_t dim, ct_tensor index, ct_tensor *out) {
  return guard([&] { *out = wrap(at::gather(get(x), dim, get(index))); });
}
int32_t ct_index_select(ct_tensor x, int64_t dim, ct_tensor index, ct_tensor *out) {
  return guard([&] { *out = wrap(at::index_select(get(x), dim, get(index))); });
}
int32_t ct_one_hot(ct_tensor index, int64_t classes, ct_tensor *out) {
  return guard([&] { *out = wrap(at::one_hot(get(index), classes)); });
}
int32_t ct_reshape(ct_tensor x, const int64_t *shape, int32_t rank, ct_tensor *out) {
  return guard([&] { *out = wrap(at::reshape(get(x), list(shape, rank))); });
}
int32_t ct_permute(ct_tensor x, const int64_t *order, int32_t rank, ct_tensor *out) {
  return guard([&] { *out = wrap(at::permute(get(x), list(order, rank))); });
}
int32_t ct_narrow(ct_tensor x, int64_t dim, int64_t start, int64_t length, ct_tensor *out) {
  return guard([&] { *out = wrap(at::narrow(get(x), dim, start, length)); });
}
int32_t ct_concatenate(const ct_tensor *tensors, int32_t count, int64_t dim, ct_tensor *out) {
  return guard([&] {
    std::vector<at::Tensor> parts;
    for (int32_t i = 0; i < count; ++i) parts.push_back(get(tensors[i]));
    *out = wrap(at::cat(parts, dim));
  });
}
int32_t ct_roll(ct_tensor x, int64_t shift, int64_t dim, ct_tensor *out) {
  return guard([&] { *out = wrap(at::roll(get(x), {shift}, {dim})); });
}
int32_t ct_pad(ct_tensor x, const int64_t *amounts, int32_t count, double value, ct_tensor *out) {
  return guard([&] { *out = wrap(at::constant_pad_nd(get(x), list(amounts, count), value)); });
}

int32_t ct_linear(ct_tensor x, ct_tensor weight, ct_tensor bias, ct_tensor *out) {
  return guard([&] { *out = wrap(at::linear(get(x), get(weight), maybe(bias))); });
}
int32_t ct_max_pool2d(ct_tensor x, int64_t kernel, int64_t stride, int64_t padding,
                      ct_tensor *out) {
  return guard([&] {
    *out = wrap(at::max_pool2d(get(x), {kernel, kernel}, {stride, stride}, {padding, padding}));
  });
}
int32_t ct_layer_norm(ct_tensor x, ct_tensor weight, ct_tensor bias, double epsilon,
                      ct_tensor *out) {
  return guard([&] {
    auto &values = get(x);
    *out = wrap(at::layer_norm(values, {values.size(-1)}, get(weight), get(bias), epsilon));
  });
}
int32_t ct_attention(ct_tensor q, ct_tensor k, ct_tensor v, ct_tensor *out) {
  return guard([&] { *out = wrap(at::scaled_dot_product_attention(get(q), get(k), get(v))); });
}
