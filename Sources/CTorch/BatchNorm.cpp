// Batch normalisation in training with or without a following activation, fused, for channels-last images on the CPU.
//
// Why it is here: libtorch goes over feature maps more than twice as often, and keeps the one between both layers, too.
// Sums are made for each image and added up in order, so that bits do not depend on the number of threads.
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <vector>

#include "Group.h"
#include "Values.h"

using namespace ct;

namespace {

// Places that lie side by side are one row where a place alone has few channels: short loops waste vectors.
struct Shape {
  int64_t images, channels, values, width;
  int64_t row(int64_t start) const { return std::min(width, values - start); }
};

Shape shapeOf(const at::Tensor &x) {
  const int64_t channels = x.size(1), values = x.numel() / x.size(0);
  const int64_t places = std::max<int64_t>(1, std::min(values / channels, 256 / channels));
  return Shape{x.size(0), channels, values, places * channels};
}

// What each value of a row is computed with, in one scratch buffer per thread.
struct Rows {
  std::vector<float> storage;
  int64_t width;
  Rows(int64_t count, const Shape &shape)
      : storage(static_cast<size_t>(count * shape.width)), width(shape.width) {}
  float *operator[](int64_t index) { return storage.data() + index * width; }
};

void repeat(const float *from, float *to, const Shape &shape) {
  for (int64_t c = 0; c < shape.width; c += shape.channels)
    std::copy(from, from + shape.channels, to + c);
}

// What the values of a row's channels come to, divided.
void fold(const float *row, float *to, const Shape &shape, double divisor) {
  for (int64_t c = 0; c < shape.channels; ++c) {
    double sum = 0;
    for (int64_t i = c; i < shape.width; i += shape.channels) sum += row[i];
    to[c] = static_cast<float>(sum / divisor);
  }
}

}  // namespace

template <int activation>
static CT_INLINE float activated(float value) {
  // Written so that NaN passes through.
  if (activation == CT_RELU) return value < 0.0f ? 0.0f : value;
  if (activation == CT_RELU6) return value < 0.0f ? 0.0f : value > 6.0f ? 6.0f : value;
  if (activation == CT_HARD_SWISH) {
    const float shifted = value + 3.0f;
    return value * (shifted < 0.0f ? 0.0f : shifted > 6.0f ? 6.0f : shifted) * (1.0f / 6.0f);
  }
  return value;
}

template <int activation>
static CT_INLINE float slope(float value) {
  if (activation == CT_RELU) return value > 0.0f ? 1.0f : 0.0f;
  if (activation == CT_RELU6) return value > 0.0f && value < 6.0f ? 1.0f : 0.0f;
  if (activation == CT_HARD_SWISH) {
    const float middle = value * (1.0f / 3.0f) + 0.5f;
    return value <= -3.0f ? 0.0f : value < 3.0f ? middle : 1.0f;
  }
  return 1.0f;
}

template <typename T>
static CT_INLINE void statisticsOf(const T *x, float *means, float *squares, const Shape &shape,
                                   Rows &rows) {
  float *__restrict sum = rows[0], *__restrict mean = rows[1];
  const double places = static_cast<double>(shape.values / shape.channels);
  std::fill(sum, sum + shape.width, 0.0f);
  for (int64_t start = 0; start < shape.values; start += shape.width) {
    const T *__restrict row = x + start;
    const int64_t count = shape.row(start);
    for (int64_t c = 0; c < count; ++c) sum[c] += read(row[c]);
  }
  fold(sum, means, shape, places);
  repeat(means, mean, shape);
  std::fill(sum, sum + shape.width, 0.0f);
  for (int64_t start = 0; start < shape.values; start += shape.width) {
    const T *__restrict row = x + start;
    const int64_t count = shape.row(start);
    for (int64_t c = 0; c < count; ++c) {
      const float centred = read(row[c]) - mean[c];
      sum[c] += centred * centred;
    }
  }
  fold(sum, squares, shape, 1);
}

template <int activation, typename T>
static CT_INLINE void normaliseImage(const T *x, T *y, const Shape &shape, Rows &rows) {
  const float *__restrict mean = rows[0], *__restrict scale = rows[1], *__restrict beta = rows[2];
  for (int64_t start = 0; start < shape.values; start += shape.width) {
    const T *__restrict row = x + start;
    T *__restrict out = y + start;
    const int64_t count = shape.row(start);
    for (int64_t c = 0; c < count; ++c)
      write(out[c], activated<activation>((read(row[c]) - mean[c]) * scale[c] + beta[c]));
  }
}

template <int activation, typename T>
static CT_INLINE void gradientSumsOf(const T *x, const T *dy, float *firsts, float *seconds,
                                     const Shape &shape, Rows &rows) {
  const float *__restrict mean = rows[0], *__restrict scale = rows[1], *__restrict beta = rows[2];
  float *__restrict first = rows[3], *__restrict second = rows[4];
  std::fill(first, first + shape.width, 0.0f);
  std::fill(second, second + shape.width, 0.0f);
  for (int64_t start = 0; start < shape.values; start += shape.width) {
    const T *__restrict row = x + start, *__restrict gradient = dy + start;
    const int64_t count = shape.row(start);
    for (int64_t c = 0; c < count; ++c) {
      const float centred = read(row[c]) - mean[c];
      const float dz = read(gradient[c]) * slope<activation>(centred * scale[c] + beta[c]);
      first[c] += dz;
      second[c] += dz * centred;
    }
  }
  fold(first, firsts, shape, 1);
  fold(second, seconds, shape, 1);
}

// dx = γ / σ · (dz - average(dz) - (x - mean) / σ² · average(dz · (x - mean))), averages over all images.
template <int activation, typename T>
static CT_INLINE void gradientImage(const T *x, const T *dy, T *dx, const Shape &shape,
                                    Rows &rows) {
  const float *__restrict mean = rows[0], *__restrict scale = rows[1], *__restrict beta = rows[2];
  const float *__restrict first = rows[3], *__restrict second = rows[4];
  for (int64_t start = 0; start < shape.values; start += shape.width) {
    const T *__restrict row = x + start, *__restrict gradient = dy + start;
    T *__restrict out = dx + start;
    const int64_t count = shape.row(start);
    for (int64_t c = 0; c < count; ++c) {
      const float centred = read(row[c]) - mean[c];
      const float dz = read(gradient[c]) * slope<activation>(centred * scale[c] + beta[c]);
      write(out[c], scale[c] * dz - first[c] - centred * second[c]);
    }
  }
}

#define BY_ACTIVATION(function, ...)                                    \
  switch (activation) {                                                 \
    case CT_RELU: return function<CT_RELU>(__VA_ARGS__);                \
    case CT_RELU6: return function<CT_RELU6>(__VA_ARGS__);              \
    case CT_HARD_SWISH: return function<CT_HARD_SWISH>(__VA_ARGS__);    \
    default: return function<CT_NO_ACTIVATION>(__VA_ARGS__);            \
  }
#define INSTANTIATE(T)                                                                            \
  CT_MULTIVERSION static void statistics(const T *x, float *means, float *squares,                \
                                         const Shape &shape, Rows &rows) {                        \
    statisticsOf(x, means, squares, shape, rows);                                                 \
  }                                                                                               \
  CT_MULTIVERSION static void normalise(const T *x, T *y, const Shape &shape, int32_t activation, \
                                        Rows &rows) {                                             \
    BY_ACTIVATION(normaliseImage, x, y, shape, rows)                                              \
  }                                                                                               \
  CT_MULTIVERSION static void gradientSums(const T *x, const T *dy, float *firsts,                \
                                           float *seconds, const Shape &shape,                    \
                                           int32_t activation, Rows &rows) {                      \
    BY_ACTIVATION(gradientSumsOf, x, dy, firsts, seconds, shape, rows)                            \
  }                                                                                               \
  CT_MULTIVERSION static void gradient(const T *x, const T *dy, T *dx, const Shape &shape,        \
                                       int32_t activation, Rows &rows) {                          \
    BY_ACTIVATION(gradientImage, x, dy, dx, shape, rows)                                          \
  }
INSTANTIATE(float)
INSTANTIATE(BF16)

namespace {

using Values = std::vector<float>;

// Averages of all processes' values, of which this one has `own`, and sums of squared distances to them; returns how many
// there are.
double combine(ct_group group, double own, std::vector<double> &averages,
               std::vector<double> &spreads) {
  const size_t channels = averages.size();
  std::vector<double> sums{own};
  for (const double average : averages) sums.push_back(own * average);
  // The parts of Σ (x - average)², so that one collective is enough.
  for (size_t c = 0; c < channels; ++c)
    sums.push_back(spreads[c] + own * averages[c] * averages[c]);
  addUp(group, sums);
  const double total = sums[0];
  for (size_t c = 0; c < channels; ++c) {
    averages[c] = sums[1 + c] / total;
    spreads[c] = std::max(0.0, sums[1 + channels + c] - total * averages[c] * averages[c]);
  }
  return total;
}

template <typename T>
void forward(const at::Tensor &x, at::Tensor &y, const float *gamma, const float *beta,
             const Shape &shape, double epsilon, int32_t activation, ct_group group, float *mean,
             float *inverse, double *variance, double *total) {
  const auto *from = static_cast<const T *>(x.const_data_ptr());
  auto *to = static_cast<T *>(y.mutable_data_ptr());
  const int64_t channels = shape.channels;
  Values means(static_cast<size_t>(shape.images * channels)), squares(means.size());
  parallelFor(shape.images, 1, [&](int64_t begin, int64_t end) {
    Rows rows(2, shape);
    for (int64_t n = begin; n < end; ++n)
      statistics(from + n * shape.values, means.data() + n * channels,
                 squares.data() + n * channels, shape, rows);
  });
  Values scale(static_cast<size_t>(channels));
  const double places = static_cast<double>(shape.values / channels);
  const double own = places * static_cast<double>(shape.images);
  std::vector<double> averages(static_cast<size_t>(channels)), spreads(averages.size());
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t n = 0; n < shape.images; ++n) averages[c] += means[n * channels + c];
    averages[c] /= static_cast<double>(shape.images);
    for (int64_t n = 0; n < shape.images; ++n) {
      const double apart = means[n * channels + c] - averages[c];
      spreads[c] += squares[n * channels + c] + places * apart * apart;
    }
  }
  *total = own;
  if (group.pointer != nullptr) *total = combine(group, own, averages, spreads);
  for (int64_t c = 0; c < channels; ++c) {
    variance[c] = spreads[c] / *total;
    mean[c] = static_cast<float>(averages[c]);
    inverse[c] = static_cast<float>(1 / std::sqrt(variance[c] + epsilon));
    scale[c] = inverse[c] * gamma[c];
  }
  parallelFor(shape.images, 1, [&](int64_t begin, int64_t end) {
    Rows rows(3, shape);
    repeat(mean, rows[0], shape);
    repeat(scale.data(), rows[1], shape);
    repeat(beta, rows[2], shape);
    for (int64_t n = begin; n < end; ++n)
      normalise(from + n * shape.values, to + n * shape.values, shape, activation, rows);
  });
}

template <typename T>
void backward(const at::Tensor &x, const at::Tensor &dy, at::Tensor &dx, const float *gamma,
              const float *beta, const float *mean, const float *inverse, const Shape &shape,
              int32_t activation, ct_group group, double total, float *dGamma, float *dBeta) {
  const auto *from = static_cast<const T *>(x.const_data_ptr());
  const auto *given = static_cast<const T *>(dy.const_data_ptr());
  auto *to = static_cast<T *>(dx.mutable_data_ptr());
  const int64_t channels = shape.channels;
  Values scale(static_cast<size_t>(channels)), first(scale.size()), second(scale.size());
  for (int64_t c = 0; c < channels; ++c) scale[c] = inverse[c] * gamma[c];
  const auto fill = [&](Rows &rows) {
    repeat(mean, rows[0], shape);
    repeat(scale.data(), rows[1], shape);
    repeat(beta, rows[2], shape);
  };
  Values firsts(static_cast<size_t>(shape.images * channels)), seconds(firsts.size());
  parallelFor(shape.images, 1, [&](int64_t begin, int64_t end) {
    Rows rows(5, shape);
    fill(rows);
    for (int64_t n = begin; n < end; ++n)
      gradientSums(from + n * shape.values, given + n * shape.values, firsts.data() + n * channels,
                   seconds.data() + n * channels, shape, activation, rows);
  });
  std::vector<double> sums(static_cast<size_t>(2 * channels));
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t n = 0; n < shape.images; ++n) {
      sums[c] += firsts[n * channels + c];
      sums[channels + c] += seconds[n * channels + c];
    }
    // Those of this process: gradients of parameters are added up later.
    dBeta[c] = static_cast<float>(sums[c]);
    dGamma[c] = static_cast<float>(sums[channels + c] * inverse[c]);
  }
  if (group.pointer != nullptr) addUp(group, sums);
  for (int64_t c = 0; c < channels; ++c) {
    const double one = sums[c], two = sums[channels + c];
    first[c] = static_cast<float>(scale[c] * one / total);
    second[c] = static_cast<float>(scale[c] * two / total * inverse[c] * inverse[c]);
  }
  parallelFor(shape.images, 1, [&](int64_t begin, int64_t end) {
    Rows rows(5, shape);
    fill(rows);
    repeat(first.data(), rows[3], shape);
    repeat(second.data(), rows[4], shape);
    for (int64_t n = begin; n < end; ++n)
      gradient(from + n * shape.values, given + n * shape.values, to + n * shape.values, shape,
               activation, rows);
  });
}

class BatchNorm : public torch::autograd::Function<BatchNorm> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &input,
                            const at::Tensor &gamma, const at::Tensor &beta, at::Tensor runningMean,
                            at::Tensor runningVariance, double momentum, double epsilon,
                            int64_t activation, int64_t group) {
    const auto x = input.contiguous(at::MemoryFormat::ChannelsLast);
    const auto shape = shapeOf(x);
    auto y = at::empty_like(x);
    auto mean = at::empty({shape.channels}, gamma.options());
    auto inverse = at::empty_like(mean);
    std::vector<double> variance(static_cast<size_t>(shape.channels));
    const auto run = x.scalar_type() == at::kBFloat16 ? ::forward<BF16> : ::forward<float>;
    float *means = mean.mutable_data_ptr<float>();
    // As PyTorch has it: the variance that is kept is the unbiased one.
    double count = 0;
    run(x, y, floats(gamma), floats(beta), shape, epsilon, static_cast<int32_t>(activation),
        ct_group{reinterpret_cast<void *>(group)}, means, inverse.mutable_data_ptr<float>(),
        variance.data(), &count);
    float *meansKept = runningMean.mutable_data_ptr<float>();
    float *variancesKept = runningVariance.mutable_data_ptr<float>();
    const auto follow = [&](float &kept, double value) {
      kept = static_cast<float>(momentum * value + (1 - momentum) * kept);
    };
    for (int64_t c = 0; c < shape.channels; ++c) {
      follow(meansKept[c], means[c]);
      follow(variancesKept[c], variance[static_cast<size_t>(c)] * count / (count - 1));
    }
    context->save_for_backward({x, gamma, beta, mean, inverse});
    context->saved_data["activation"] = activation;
    context->saved_data["group"] = group;
    context->saved_data["count"] = count;
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &gamma = saved[1], &beta = saved[2];
    const auto dy = gradients[0].to(x.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
    auto dx = at::empty_like(x);
    auto dGamma = at::empty_like(gamma), dBeta = at::empty_like(beta);
    const auto run = x.scalar_type() == at::kBFloat16 ? ::backward<BF16> : ::backward<float>;
    run(x, dy, dx, floats(gamma), floats(beta), floats(saved[3]), floats(saved[4]), shapeOf(x),
        static_cast<int32_t>(context->saved_data["activation"].toInt()),
        ct_group{reinterpret_cast<void *>(context->saved_data["group"].toInt())},
        context->saved_data["count"].toDouble(), dGamma.mutable_data_ptr<float>(),
        dBeta.mutable_data_ptr<float>());
    const at::Tensor none;
    return {dx, dGamma, dBeta, none, none, none, none, none, none};
  }
};

at::Tensor followed(const at::Tensor &y, int32_t activation) {
  switch (activation) {
    case CT_RELU: return at::relu(y);
    case CT_RELU6: return at::hardtanh(y, 0, 6);
    case CT_HARD_SWISH: return at::hardswish(y);
    default: return y;
  }
}

}  // namespace

int32_t ct_batch_norm(ct_tensor input, ct_tensor weight, ct_tensor bias, ct_tensor mean,
                      ct_tensor variance, bool training, double momentum, double epsilon,
                      int32_t activation, ct_group group, ct_tensor *out) {
  return guard([&] {
    const auto &x = get(input), &gamma = get(weight), &beta = get(bias);
    const bool isShared = training && group.pointer != nullptr;
    bool fits = training && x.dim() == 4 && x.is_cpu() && (isShared || x.numel() > x.size(1)) &&
                (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
    for (const auto &values : {weight, bias, mean, variance})
      fits = fits && get(values).scalar_type() == at::kFloat && get(values).is_contiguous() &&
             get(values).numel() == x.size(1);
    if (fits) {
      *out = wrap(BatchNorm::apply(x, gamma, beta, get(mean), get(variance), momentum, epsilon,
                                   static_cast<int64_t>(activation),
                                   reinterpret_cast<int64_t>(isShared ? group.pointer : nullptr)));
      return;
    }
    if (isShared) {
      *out = wrap(followed(
          sharedBatchNorm(x, gamma, beta, get(mean), get(variance), momentum, epsilon, group),
          activation));
      return;
    }
    *out = wrap(followed(at::batch_norm(x, gamma, beta, get(mean), get(variance), training,
                                        momentum, epsilon, /*cudnn_enabled=*/true),
                         activation));
  });
}
