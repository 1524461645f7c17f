// The gradient of a depth-wise convolution's kernel, for channels-last images on the CPU.
//
// Why it is here: oneDNN has a kernel for 3 x 3 alone. For 5 x 5 it takes the one of ordinary convolutions, which makes a
// fifth of a MobileNetV3's step of these gradients. The rest of the convolution is libtorch's.
// Sums are made for each group of images and added up in order, so that bits do not depend on the number of threads.
#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <vector>

#include "Values.h"

using namespace ct;

namespace {

constexpr int64_t lanes = 16, imagesAtOnce = 8;

struct Shape {
  int64_t images, channels, height, width, rows, columns, side, stride, padding;
};

}  // namespace

// One row of taps, of `lanes` channels, summed over the places of an image.
template <int side, typename T>
static CT_INLINE void tapsOf(const T *x, const T *dy, double *to, int64_t tap, const Shape &shape) {
  float sums[side][lanes] = {};
  for (int64_t row = 0; row < shape.rows; ++row) {
    const int64_t y = row * shape.stride + tap - shape.padding;
    if (y < 0 || y >= shape.height) continue;
    const T *line = x + y * shape.width * shape.channels;
    const T *gradient = dy + row * shape.columns * shape.channels;
    for (int64_t column = 0; column < shape.columns; ++column) {
      const T *__restrict given = gradient + column * shape.channels;
      float values[lanes];
      for (int64_t l = 0; l < lanes; ++l) values[l] = read(given[l]);
      const int64_t first = column * shape.stride - shape.padding;
      for (int64_t t = 0; t < side; ++t) {
        if (first + t < 0 || first + t >= shape.width) continue;
        const T *__restrict seen = line + (first + t) * shape.channels;
        for (int64_t l = 0; l < lanes; ++l) sums[t][l] += values[l] * read(seen[l]);
      }
    }
  }
  for (int64_t t = 0; t < side; ++t)
    for (int64_t l = 0; l < lanes; ++l) to[t * lanes + l] += sums[t][l];
}

#define INSTANTIATE(suffix, side, T)                                                              \
  CT_MULTIVERSION static void taps##suffix(const T *x, const T *dy, double *to, int64_t tap,      \
                                           const Shape &shape) {                                  \
    tapsOf<side>(x, dy, to, tap, shape);                                                          \
  }
INSTANTIATE(3F32, 3, float)
INSTANTIATE(5F32, 5, float)
INSTANTIATE(3BF16, 3, ct::BF16)
INSTANTIATE(5BF16, 5, ct::BF16)

namespace {

// (channels, 1, side, side), f32.
template <typename T, typename Taps>
void gradient(const T *x, const T *dy, float *to, const Shape &shape, Taps taps) {
  const int64_t blocks = (shape.channels + lanes - 1) / lanes, side = shape.side;
  const int64_t groups = (shape.images + imagesAtOnce - 1) / imagesAtOnce;
  const int64_t image = shape.height * shape.width * shape.channels;
  const int64_t map = shape.rows * shape.columns * shape.channels;
  std::vector<double> sums(static_cast<size_t>(groups * blocks * side * side * lanes));
  parallelFor(groups * blocks * side, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const int64_t group = task / (blocks * side), block = task / side % blocks;
      // The last block begins earlier, so that it is whole.
      const int64_t channel = std::min(block * lanes, shape.channels - lanes);
      double *own = sums.data() + task * side * lanes;
      const int64_t last = std::min((group + 1) * imagesAtOnce, shape.images);
      for (int64_t n = group * imagesAtOnce; n < last; ++n)
        taps(x + n * image + channel, dy + n * map + channel, own, task % side, shape);
    }
  });
  for (int64_t c = 0; c < shape.channels; ++c) {
    const int64_t block = c / lanes;
    const int64_t lane = c - std::min(block * lanes, shape.channels - lanes);
    for (int64_t tap = 0; tap < side * side; ++tap) {
      double sum = 0;
      for (int64_t group = 0; group < groups; ++group)
        sum += sums[static_cast<size_t>(
            (((group * blocks + block) * side + tap / side) * side + tap % side) * lanes + lane)];
      to[c * side * side + tap] = static_cast<float>(sum);
    }
  }
}

class Depthwise : public torch::autograd::Function<Depthwise> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &input,
                            const at::Tensor &weight, int64_t stride, int64_t padding) {
    const auto x = input.contiguous(at::MemoryFormat::ChannelsLast);
    context->save_for_backward({x, weight});
    context->saved_data["stride"] = stride;
    context->saved_data["padding"] = padding;
    return at::conv2d(x, weight, std::nullopt, {stride, stride}, {padding, padding}, {1, 1},
                      x.size(1));
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1];
    const int64_t stride = context->saved_data["stride"].toInt();
    const int64_t padding = context->saved_data["padding"].toInt();
    const auto dy = gradients[0].to(x.scalar_type()).contiguous(at::MemoryFormat::ChannelsLast);
    at::Tensor dx;
    if (context->needs_input_grad(0))
      dx = std::get<0>(at::convolution_backward(
          dy, x, weight, std::nullopt, {stride, stride}, {padding, padding}, {1, 1}, false, {0, 0},
          x.size(1), {true, false, false}));
    const Shape shape{x.size(0),  x.size(1),      x.size(2), x.size(3), dy.size(2),
                      dy.size(3), weight.size(2), stride,    padding};
    auto dw = at::empty(weight.sizes(), weight.options().dtype(at::kFloat));
    float *to = dw.mutable_data_ptr<float>();
    const bool small = shape.side == 3;
    if (x.scalar_type() == at::kBFloat16)
      gradient(static_cast<const BF16 *>(x.const_data_ptr()),
               static_cast<const BF16 *>(dy.const_data_ptr()), to, shape,
               small ? taps3BF16 : taps5BF16);
    else
      gradient(floats(x), floats(dy), to, shape, small ? taps3F32 : taps5F32);
    return {dx, dw.to(weight.scalar_type()), at::Tensor(), at::Tensor()};
  }
};

bool fits(const at::Tensor &x, const at::Tensor &weight, const std::optional<at::Tensor> &bias,
          int64_t groups) {
  const auto type = x.scalar_type();
  return at::GradMode::is_enabled() && weight.requires_grad() && !bias && x.is_cpu() &&
         x.dim() == 4 && x.numel() > 0 && groups == x.size(1) && weight.size(0) == groups &&
         groups >= lanes && weight.size(2) == weight.size(3) &&
         (weight.size(2) == 3 || weight.size(2) == 5) && type == weight.scalar_type() &&
         (type == at::kBFloat16 ||
          (type == at::kFloat && !at::autocast::is_autocast_enabled(at::kCPU)));
}

}  // namespace

int32_t ct_conv2d(ct_tensor input, ct_tensor kernel, ct_tensor bias, int64_t stride,
                  int64_t padding, int64_t groups, ct_tensor *out) {
  return guard([&] {
    const auto &x = get(input), &weight = get(kernel);
    *out = wrap(fits(x, weight, maybe(bias), groups)
                    ? Depthwise::apply(x, weight, stride, padding)
                    : at::conv2d(x, weight, maybe(bias), {stride, stride}, {padding, padding},
                                 {1, 1}, groups));
  });
}
