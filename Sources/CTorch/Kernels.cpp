// Kernels of convolutions as they are used: standardised where the layer does so, in the format that is computed in, and
// with channels side by side in memory, in one pass; likewise their gradient.
//
// Why it is here: libtorch standardises in f32, rounds in a pass of its own, and copies what is not channels-last twice, in
// the forward and in the backward pass.
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "Values.h"

using namespace ct;

namespace {

// Filters of (inputs, places) values each.
struct Shape {
  int64_t filters, inputs, places;
  int64_t values() const { return inputs * places; }
};

constexpr int64_t lanes = 16;

}  // namespace

// The sum of `value(i)`, in an order that vectors can follow.
template <typename Value>
static CT_INLINE double sumOf(int64_t count, Value value) {
  double sums[lanes] = {};
  int64_t i = 0;
  for (; i + lanes <= count; i += lanes)
    for (int64_t l = 0; l < lanes; ++l) sums[l] += value(i + l);
  double sum = 0;
  for (; i < count; ++i) sum += value(i);
  for (int64_t l = 0; l < lanes; ++l) sum += sums[l];
  return sum;
}

template <typename T>
static CT_INLINE void forwardFilter(const float *x, T *y, const Shape &shape, bool standardizes,
                                    double epsilon, float *mean, float *inverse) {
  float average = 0, scale = 1;
  if (standardizes) {
    const double count = static_cast<double>(shape.values());
    const double centre = sumOf(shape.values(), [&](int64_t i) { return double(x[i]); }) / count;
    const double spread = sumOf(shape.values(), [&](int64_t i) {
      const double apart = x[i] - centre;
      return apart * apart;
    });
    average = static_cast<float>(centre);
    scale = static_cast<float>(1 / std::sqrt(spread / count + epsilon));
    *mean = average;
    *inverse = scale;
  }
  for (int64_t p = 0; p < shape.places; ++p) {
    T *__restrict out = y + p * shape.inputs;
    const float *__restrict from = x + p;
    for (int64_t i = 0; i < shape.inputs; ++i)
      write(out[i], (from[i * shape.places] - average) * scale);
  }
}

// With x̂ = (x - mean) / deviation: dx = (dy - average(dy) - x̂ average(dy x̂)) / deviation.
template <typename T>
static CT_INLINE void backwardFilter(const float *x, const T *dy, float *dx, const Shape &shape,
                                     bool standardizes, float mean, float inverse) {
  if (!standardizes) {
    for (int64_t i = 0; i < shape.values(); ++i) dx[i] = read(dy[i]);
    return;
  }
  const double count = static_cast<double>(shape.values());
  const double first = sumOf(shape.values(), [&](int64_t i) { return double(read(dy[i])); });
  const double second =
      sumOf(shape.values(), [&](int64_t i) { return double(read(dy[i]) * (x[i] - mean)); });
  const float average = static_cast<float>(first / count);
  const float slope = static_cast<float>(second / count * inverse * inverse);
  for (int64_t i = 0; i < shape.values(); ++i)
    dx[i] = inverse * (read(dy[i]) - average - (x[i] - mean) * slope);
}

#define INSTANTIATE(suffix, T)                                                                     \
  CT_MULTIVERSION static void forward##suffix(const float *x, T *y, const Shape &shape,            \
                                              bool standardizes, double epsilon, float *mean,      \
                                              float *inverse) {                                    \
    forwardFilter(x, y, shape, standardizes, epsilon, mean, inverse);                              \
  }                                                                                                \
  CT_MULTIVERSION static void backward##suffix(const float *x, const T *dy, float *dx,             \
                                               const Shape &shape, bool standardizes, float mean,  \
                                               float inverse) {                                    \
    backwardFilter(x, dy, dx, shape, standardizes, mean, inverse);                                 \
  }
INSTANTIATE(F32, float)
INSTANTIATE(BF16, ct::BF16)

namespace {

Shape shapeOf(const at::Tensor &x) {
  return Shape{x.size(0), x.size(1), x.size(2) * x.size(3)};
}

void eachFilter(const Shape &shape, const std::function<void(int64_t)> &body) {
  const int64_t grain = std::max<int64_t>(1, (1 << 14) / shape.values());
  parallelFor(shape.filters, grain, [&](int64_t begin, int64_t end) {
    for (int64_t f = begin; f < end; ++f) body(f);
  });
}

class Kernel : public torch::autograd::Function<Kernel> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &weight,
                            bool standardizes, double epsilon, at::ScalarType type) {
    const auto shape = shapeOf(weight);
    auto y = at::empty(weight.sizes(), weight.options().dtype(type),
                       at::MemoryFormat::ChannelsLast);
    auto known = at::empty({2, shape.filters}, weight.options());
    const float *x = floats(weight);
    float *means = known.mutable_data_ptr<float>(), *inverses = means + shape.filters;
    const auto run = [&](auto kernel, auto *to) {
      eachFilter(shape, [&](int64_t f) {
        kernel(x + f * shape.values(), to + f * shape.values(), shape, standardizes, epsilon,
               means + f, inverses + f);
      });
    };
    if (type == at::kBFloat16)
      run(forwardBF16, static_cast<BF16 *>(y.mutable_data_ptr()));
    else
      run(forwardF32, y.mutable_data_ptr<float>());
    context->save_for_backward({weight, known});
    context->saved_data["standardizes"] = standardizes;
    context->saved_data["narrow"] = type == at::kBFloat16;
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto shape = shapeOf(saved[0]);
    const bool standardizes = context->saved_data["standardizes"].toBool();
    const bool narrow = context->saved_data["narrow"].toBool();
    const auto dy = gradients[0].to(narrow ? at::kBFloat16 : at::kFloat).contiguous();
    auto dx = at::empty_like(saved[0]);
    const float *x = floats(saved[0]), *means = floats(saved[1]);
    const float *inverses = means + shape.filters;
    float *to = dx.mutable_data_ptr<float>();
    const auto run = [&](auto kernel, const auto *gradient) {
      eachFilter(shape, [&](int64_t f) {
        kernel(x + f * shape.values(), gradient + f * shape.values(), to + f * shape.values(),
               shape, standardizes, means[f], inverses[f]);
      });
    };
    if (narrow)
      run(backwardBF16, static_cast<const BF16 *>(dy.const_data_ptr()));
    else
      run(backwardF32, floats(dy));
    return {dx, at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

int32_t ct_kernel(ct_tensor weight, bool standardizes, double epsilon, int32_t dtype,
                  ct_tensor *out) {
  return guard([&] {
    const auto &x = get(weight);
    const auto type = scalarType(dtype);
    TORCH_CHECK(x.dim() == 4 && x.numel() > 0, "a kernel has (out, in, height, width), not empty");
    const bool fits = x.is_cpu() && x.is_contiguous() && x.scalar_type() == at::kFloat &&
                      (type == at::kFloat || type == at::kBFloat16);
    if (fits) {
      *out = wrap(Kernel::apply(x, standardizes, epsilon, type));
      return;
    }
    // Batch normalisation of (1, out, in·h·w) is the same formula.
    const auto y =
        standardizes
            ? at::batch_norm(x.reshape({1, x.size(0), -1}), std::nullopt, std::nullopt,
                             std::nullopt, std::nullopt, /*training=*/true, /*momentum=*/0.0,
                             epsilon, /*cudnn_enabled=*/false)
                  .reshape(x.sizes())
            : x;
    *out = wrap(y.to(type));
  });
}
