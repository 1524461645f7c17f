// Group normalisation with or without a following ReLU, fused, for channels-last images on the CPU.
//
// Why it is here: the variance is taken in a second pass around the mean (libtorch's kernel uses
// E[x²] - E[x]² in this layout, which loses flat inputs), and libtorch's time grows with the number
// of groups; this one reads an image's feature map from the cache and keeps nothing for the
// backward pass but its input, means and 1/deviations.
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <vector>

#include "Values.h"

using namespace ct;

namespace {

struct Shape {
  int64_t positions, channels, groups;
  int64_t width() const { return channels / groups; }
};

// Per-channel numbers of one image, laid out in one scratch buffer per thread.
struct Scratch {
  std::vector<float> storage;
  float *a, *b, *c, *d;
  explicit Scratch(int64_t channels) : storage(static_cast<size_t>(4 * channels)) {
    a = storage.data();
    b = a + channels;
    c = b + channels;
    d = c + channels;
  }
};

}  // namespace

// Spreads the sums of each group's channels, divided by the number of values, over these channels.
static CT_INLINE void averageGroups(float *values, const Shape &shape) {
  const int64_t width = shape.width();
  const double count = static_cast<double>(width * shape.positions);
  for (int64_t g = 0; g < shape.groups; ++g) {
    double sum = 0;
    for (int64_t c = g * width; c < (g + 1) * width; ++c) sum += values[c];
    const float average = static_cast<float>(sum / count);
    for (int64_t c = g * width; c < (g + 1) * width; ++c) values[c] = average;
  }
}

template <typename T>
static CT_INLINE void forwardImage(const T *x, T *y, const float *gamma, const float *beta,
                                   float *means, float *inverses, const Shape &shape,
                                   double epsilon, bool relu, Scratch &scratch) {
  const int64_t channels = shape.channels, positions = shape.positions, width = shape.width();
  float *__restrict mean = scratch.a, *__restrict scale = scratch.b;
  std::fill(mean, mean + channels, 0.0f);
  for (int64_t p = 0; p < positions; ++p) {
    const T *__restrict row = x + p * channels;
    for (int64_t c = 0; c < channels; ++c) mean[c] += read(row[c]);
  }
  averageGroups(mean, shape);
  std::fill(scale, scale + channels, 0.0f);
  for (int64_t p = 0; p < positions; ++p) {
    const T *__restrict row = x + p * channels;
    for (int64_t c = 0; c < channels; ++c) {
      const float centred = read(row[c]) - mean[c];
      scale[c] += centred * centred;
    }
  }
  averageGroups(scale, shape);
  for (int64_t g = 0; g < shape.groups; ++g) {
    means[g] = mean[g * width];
    inverses[g] = static_cast<float>(1 / std::sqrt(scale[g * width] + epsilon));
  }
  for (int64_t c = 0; c < channels; ++c) scale[c] = inverses[c / width] * gamma[c];
  const float floor = relu ? 0.0f : -INFINITY;
  for (int64_t p = 0; p < positions; ++p) {
    const T *__restrict row = x + p * channels;
    T *__restrict out = y + p * channels;
    for (int64_t c = 0; c < channels; ++c) {
      const float value = (read(row[c]) - mean[c]) * scale[c] + beta[c];
      // Written so that NaN passes through.
      write(out[c], value < floor ? floor : value);
    }
  }
}

// With x̂ = (x - mean) / deviation and dz the gradient behind the ReLU:
// dx = (γ dz - average(γ dz) - x̂ average(γ dz x̂)) / deviation, averages over the group.
template <typename T>
static CT_INLINE void backwardImage(const T *x, const T *dy, T *dx, const float *gamma,
                                    const float *beta, const float *means, const float *inverses,
                                    float *dGamma, float *dBeta, const Shape &shape, bool relu,
                                    Scratch &scratch) {
  const int64_t channels = shape.channels, positions = shape.positions, width = shape.width();
  float *__restrict mean = scratch.a, *__restrict inverse = scratch.b;
  float *__restrict first = scratch.c, *__restrict second = scratch.d;
  for (int64_t c = 0; c < channels; ++c) {
    mean[c] = means[c / width];
    inverse[c] = inverses[c / width];
  }
  const float floor = relu ? 0.0f : -INFINITY;
  std::fill(first, first + channels, 0.0f);
  std::fill(second, second + channels, 0.0f);
  for (int64_t p = 0; p < positions; ++p) {
    const T *__restrict row = x + p * channels;
    const T *__restrict gradient = dy + p * channels;
    for (int64_t c = 0; c < channels; ++c) {
      const float normal = (read(row[c]) - mean[c]) * inverse[c];
      const float value = normal * gamma[c] + beta[c];
      const float dz = value > floor ? read(gradient[c]) : 0.0f;
      first[c] += dz;
      second[c] += dz * normal;
    }
  }
  for (int64_t c = 0; c < channels; ++c) {
    dBeta[c] = first[c];
    dGamma[c] = second[c];
    first[c] *= gamma[c];
    second[c] *= gamma[c];
  }
  averageGroups(first, shape);
  averageGroups(second, shape);
  for (int64_t p = 0; p < positions; ++p) {
    const T *__restrict row = x + p * channels;
    const T *__restrict gradient = dy + p * channels;
    T *__restrict out = dx + p * channels;
    for (int64_t c = 0; c < channels; ++c) {
      const float normal = (read(row[c]) - mean[c]) * inverse[c];
      const float value = normal * gamma[c] + beta[c];
      const float dz = value > floor ? read(gradient[c]) : 0.0f;
      write(out[c], inverse[c] * (gamma[c] * dz - first[c] - normal * second[c]));
    }
  }
}

#define INSTANTIATE(suffix, T)                                                                     \
  CT_MULTIVERSION static void forward##suffix(                                                     \
      const T *x, T *y, const float *gamma, const float *beta, float *means, float *inverses,      \
      const Shape &shape, double epsilon, bool relu, Scratch &scratch) {                           \
    forwardImage(x, y, gamma, beta, means, inverses, shape, epsilon, relu, scratch);               \
  }                                                                                                \
  CT_MULTIVERSION static void backward##suffix(const T *x, const T *dy, T *dx, const float *gamma, \
                                               const float *beta, const float *means,              \
                                               const float *inverses, float *dGamma, float *dBeta, \
                                               const Shape &shape, bool relu, Scratch &scratch) {  \
    backwardImage(x, dy, dx, gamma, beta, means, inverses, dGamma, dBeta, shape, relu, scratch);   \
  }
INSTANTIATE(F32, float)
INSTANTIATE(BF16, ct::BF16)

static Shape shapeOf(const at::Tensor &x, int64_t groups) {
  return Shape{x.numel() / (x.size(0) * x.size(1)), x.size(1), groups};
}

namespace {

class GroupNorm : public torch::autograd::Function<GroupNorm> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &input,
                            const at::Tensor &gamma, const at::Tensor &beta, int64_t groups,
                            double epsilon, bool relu) {
    const auto x = input.contiguous(at::MemoryFormat::ChannelsLast);
    const auto shape = shapeOf(x, groups);
    auto y = at::empty_like(x);
    auto means = at::empty({x.size(0), groups}, gamma.options());
    auto inverses = at::empty_like(means);
    const float *gammas = floats(gamma), *betas = floats(beta);
    float *meanData = means.mutable_data_ptr<float>();
    float *inverseData = inverses.mutable_data_ptr<float>();
    const int64_t image = shape.positions * shape.channels;
    const auto run = [&](auto kernel, const auto *from, auto *to) {
      parallelFor(x.size(0), 1, [&](int64_t begin, int64_t end) {
        Scratch scratch(shape.channels);
        for (int64_t n = begin; n < end; ++n)
          kernel(from + n * image, to + n * image, gammas, betas, meanData + n * groups,
                 inverseData + n * groups, shape, epsilon, relu, scratch);
      });
    };
    if (x.scalar_type() == at::kBFloat16)
      run(forwardBF16, static_cast<const BF16 *>(x.const_data_ptr()),
          static_cast<BF16 *>(y.mutable_data_ptr()));
    else
      run(forwardF32, floats(x), y.mutable_data_ptr<float>());
    context->save_for_backward({x, gamma, beta, means, inverses});
    context->saved_data["relu"] = relu;
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &gamma = saved[1], &beta = saved[2];
    const bool relu = context->saved_data["relu"].toBool();
    const int64_t groups = saved[3].size(1);
    const auto shape = shapeOf(x, groups);
    const auto dy = gradients[0].to(x.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
    auto dx = at::empty_like(x);
    auto dGamma = at::empty({x.size(0), shape.channels}, gamma.options());
    auto dBeta = at::empty_like(dGamma);
    const float *gammas = floats(gamma), *betas = floats(beta);
    const float *means = floats(saved[3]);
    const float *inverses = floats(saved[4]);
    float *dGammas = dGamma.mutable_data_ptr<float>(), *dBetas = dBeta.mutable_data_ptr<float>();
    const int64_t image = shape.positions * shape.channels;
    const auto run = [&](auto kernel, const auto *from, const auto *gradient, auto *to) {
      parallelFor(x.size(0), 1, [&](int64_t begin, int64_t end) {
        Scratch scratch(shape.channels);
        for (int64_t n = begin; n < end; ++n)
          kernel(from + n * image, gradient + n * image, to + n * image, gammas, betas,
                 means + n * groups, inverses + n * groups, dGammas + n * shape.channels,
                 dBetas + n * shape.channels, shape, relu, scratch);
      });
    };
    if (x.scalar_type() == at::kBFloat16)
      run(backwardBF16, static_cast<const BF16 *>(x.const_data_ptr()),
          static_cast<const BF16 *>(dy.const_data_ptr()),
          static_cast<BF16 *>(dx.mutable_data_ptr()));
    else
      run(backwardF32, floats(x), floats(dy), dx.mutable_data_ptr<float>());
    return {dx, dGamma.sum(0), dBeta.sum(0), at::Tensor(), at::Tensor(), at::Tensor()};
  }
};

}  // namespace

int32_t ct_group_norm(ct_tensor input, int64_t groups, ct_tensor weight, ct_tensor bias,
                      double epsilon, bool relu, ct_tensor *out) {
  return guard([&] {
    const auto &x = get(input), &gamma = get(weight), &beta = get(bias);
    TORCH_CHECK(x.dim() == 4 && x.numel() > 0, "group_norm expects (N, C, H, W), not empty");
    const int64_t channels = x.size(1);
    TORCH_CHECK(groups > 0 && channels % groups == 0, groups, " groups do not divide ", channels,
                " channels");
    TORCH_CHECK(gamma.numel() == channels && beta.numel() == channels,
                "group_norm: weight and bias must have ", channels, " values");
    const bool fits = x.is_cpu() && gamma.is_contiguous() && beta.is_contiguous() &&
                      gamma.scalar_type() == at::kFloat && beta.scalar_type() == at::kFloat &&
                      (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
    if (fits) {
      *out = wrap(GroupNorm::apply(x, gamma, beta, groups, epsilon, relu));
      return;
    }
    const auto y = at::group_norm(x, groups, gamma, beta, epsilon);
    *out = wrap(relu ? at::relu(y) : y);
  });
}
