// Batch normalisation whose statistics are those of all processes, of libtorch's own operators: for
// GPUs, and for what the kernels of BatchNorm.cpp do not take. Sums travel in f64, forward and
// backward.
#include <torch/csrc/autograd/custom_function.h>

#include "Group.h"

namespace {

/// Of (N, C, …) all but the channels.
std::vector<int64_t> places(const at::Tensor &x) {
  std::vector<int64_t> dimensions{0};
  for (int64_t d = 2; d < x.dim(); ++d) dimensions.push_back(d);
  return dimensions;
}

/// (C) as it meets (N, C, …).
at::Tensor spread(const at::Tensor &values, const at::Tensor &x) {
  std::vector<int64_t> shape(static_cast<size_t>(x.dim()), 1);
  shape[1] = x.size(1);
  return values.view(shape);
}

/// f32, or f64 where it is that already.
at::Tensor wide(const at::Tensor &x) {
  return x.scalar_type() == at::kDouble ? x : x.to(at::kFloat);
}

class SharedBatchNorm : public torch::autograd::Function<SharedBatchNorm> {
 public:
  static at::Tensor forward(torch::autograd::AutogradContext *context, const at::Tensor &x,
                            const at::Tensor &gamma, const at::Tensor &beta, at::Tensor runningMean,
                            at::Tensor runningVariance, double momentum, double epsilon,
                            int64_t group) {
    const auto values = wide(x);
    const auto dimensions = places(x);
    const auto own = static_cast<double>(x.numel() / x.size(1));
    const auto ownMean = values.mean(dimensions);
    const auto ownSpread = (values - spread(ownMean, x)).square().sum(dimensions);
    const auto average = ownMean.to(at::kDouble);
    // The parts of Σ (x - mean)², so that one collective is enough.
    auto sums = at::cat({at::full({1}, own, average.options()), own * average,
                         ownSpread.to(at::kDouble) + own * average.square()});
    ct::addUp(ct_group{reinterpret_cast<void *>(group)}, sums);
    const int64_t channels = x.size(1);
    const auto total = sums.narrow(0, 0, 1);
    const auto mean = sums.narrow(0, 1, channels) / total;
    const auto spreads =
        (sums.narrow(0, 1 + channels, channels) - total * mean.square()).clamp_min(0);
    const auto inverse = (spreads / total + epsilon).rsqrt();
    // As PyTorch has it: the variance that is kept is the unbiased one.
    runningMean.mul_(1 - momentum).add_(mean.to(runningMean.scalar_type()), momentum);
    runningVariance.mul_(1 - momentum)
        .add_((spreads / (total - 1)).to(runningVariance.scalar_type()), momentum);
    const auto type = values.scalar_type();
    const auto shift = mean.to(type), scale = inverse.to(type);
    context->save_for_backward({x, gamma, shift, scale, total});
    context->saved_data["group"] = group;
    return ((values - spread(shift, x)) * spread(scale * gamma, x) + spread(beta, x))
        .to(x.scalar_type());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *context,
                                                 torch::autograd::variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &gamma = saved[1], &shift = saved[2], &scale = saved[3];
    const auto &total = saved[4];
    const auto given = wide(gradients[0]);
    const auto normal = (wide(x) - spread(shift, x)) * spread(scale, x);
    const auto dimensions = places(x);
    // Those of this process: gradients of parameters are added up later.
    const auto dBeta = given.sum(dimensions), dGamma = (given * normal).sum(dimensions);
    auto sums = at::cat({dBeta, dGamma}).to(at::kDouble);
    ct::addUp(ct_group{reinterpret_cast<void *>(context->saved_data["group"].toInt())}, sums);
    const auto means = (sums / total).to(given.scalar_type());
    const int64_t channels = x.size(1);
    const auto dx = (given - spread(means.narrow(0, 0, channels), x) -
                     normal * spread(means.narrow(0, channels, channels), x)) *
                    spread(scale * gamma, x);
    const at::Tensor none;
    return {dx.to(x.scalar_type()),
            dGamma.to(gamma.scalar_type()),
            dBeta.to(gamma.scalar_type()),
            none,
            none,
            none,
            none,
            none};
  }
};

}  // namespace

at::Tensor ct::sharedBatchNorm(const at::Tensor &x, const at::Tensor &gamma, const at::Tensor &beta,
                               const at::Tensor &mean, const at::Tensor &variance, double momentum,
                               double epsilon, ct_group group) {
  return SharedBatchNorm::apply(x, gamma, beta, mean, variance, momentum, epsilon,
                                reinterpret_cast<int64_t>(group.pointer));
}
