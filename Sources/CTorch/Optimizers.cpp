#include <cmath>
#include <vector>

#include "Values.h"

using namespace ct;

// Sums are taken over pieces of fixed size and added in order, so that they are the same on any
// number of threads; a piece is small enough to stay in the first-level cache beside its gradient
// and moments.
static constexpr int64_t piece = 4096;

static double sumInPieces(int64_t count, const std::function<double(int64_t, int64_t)> &body) {
  const int64_t pieces = (count + piece - 1) / piece;
  std::vector<double> sums(static_cast<size_t>(pieces));
  parallelFor(pieces, 8, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i)
      sums[static_cast<size_t>(i)] = body(i * piece, std::min(count, (i + 1) * piece));
  });
  double total = 0;
  for (const double sum : sums) total += sum;
  return total;
}

CT_MULTIVERSION static double squares(const float *values, int64_t begin, int64_t end) {
#pragma clang fp reassociate(on)
  double sum = 0;
  for (int64_t i = begin; i < end; ++i) sum += static_cast<double>(values[i]) * values[i];
  return sum;
}

int32_t ct_sum_of_squares(ct_tensor x, double *out) {
  return guard([&] {
    const auto &tensor = get(x);
    if (!tensor.is_cpu() || tensor.scalar_type() != at::kFloat ||
        !tensor.is_non_overlapping_and_dense()) {
      *out = at::square(tensor.to(at::kFloat)).sum(at::kDouble).item<double>();
      return;
    }
    const float *values = floats(tensor);
    *out = sumInPieces(tensor.numel(),
                       [&](int64_t begin, int64_t end) { return squares(values, begin, end); });
  });
}

static float roundedToBF16(float value) {
  BF16 narrow;
  write(narrow, value);
  return read(narrow);
}

namespace {
struct Constants {
  float beta1, oneMinusBeta1, beta2, oneMinusBeta2, epsilon, correction1, correction2;
  float scale, rate, decay, multiplier;
};
struct Squares {
  double weight = 0, update = 0;
};
}  // namespace

template <typename Stored>
static CT_INLINE Squares adam(float *w, const float *g, Stored *m, float *v, const Constants &c,
                              int64_t begin, int64_t end) {
#pragma clang fp reassociate(on)
  double weightSquares = 0, updateSquares = 0;
  for (int64_t i = begin; i < end; ++i) {
    const float gradient = g[i] * c.scale;
    const float mu = c.beta1 * read(m[i]) + c.oneMinusBeta1 * gradient;
    const float nu = c.beta2 * v[i] + c.oneMinusBeta2 * gradient * gradient;
    const float direction = (mu / c.correction1) / (std::sqrt(nu / c.correction2) + c.epsilon);
    const float update = -c.multiplier * (c.rate * direction + c.decay * w[i]);
    const float weight = w[i] + update;
    write(m[i], mu);
    v[i] = nu;
    w[i] = weight;
    weightSquares += static_cast<double>(weight) * weight;
    updateSquares += static_cast<double>(update) * update;
  }
  return {weightSquares, updateSquares};
}

CT_MULTIVERSION static Squares adamF32(float *w, const float *g, float *m, float *v,
                                       const Constants &c, int64_t begin, int64_t end) {
  return adam(w, g, m, v, c, begin, end);
}

CT_MULTIVERSION static Squares adamBF16(float *w, const float *g, BF16 *m, float *v,
                                        const Constants &c, int64_t begin, int64_t end) {
  return adam(w, g, m, v, c, begin, end);
}

static Squares update(at::Tensor &weight, const at::Tensor &gradient, at::Tensor &mu,
                      at::Tensor &nu, const ct_adam_options &o) {
  const bool narrow = mu.scalar_type() == at::kBFloat16;
  const float beta1 = static_cast<float>(o.beta1);
  const Constants c{
      // A bf16 moment is multiplied by bf16(beta1), as JAX does with a weakly typed scalar.
      narrow ? roundedToBF16(beta1) : beta1,
      static_cast<float>(1 - o.beta1),
      static_cast<float>(o.beta2),
      static_cast<float>(1 - o.beta2),
      static_cast<float>(o.epsilon),
      static_cast<float>(o.bias_correction1),
      static_cast<float>(o.bias_correction2),
      static_cast<float>(o.gradient_scale),
      static_cast<float>(o.learning_rate),
      static_cast<float>(o.decay),
      static_cast<float>(o.multiplier)};
  float *w = weight.mutable_data_ptr<float>();
  float *v = nu.mutable_data_ptr<float>();
  const float *g = floats(gradient);
  void *m = mu.mutable_data_ptr();
  Squares total;
  std::vector<double> updates(static_cast<size_t>((weight.numel() + piece - 1) / piece));
  total.weight = sumInPieces(weight.numel(), [&](int64_t begin, int64_t end) {
    const Squares sums = narrow ? adamBF16(w, g, static_cast<BF16 *>(m), v, c, begin, end)
                                : adamF32(w, g, static_cast<float *>(m), v, c, begin, end);
    updates[static_cast<size_t>(begin / piece)] = sums.update;
    return sums.weight;
  });
  for (const double sum : updates) total.update += sum;
  return total;
}

// The same update through libtorch's operators, for devices that the loop above cannot reach.
static void updateAnywhere(at::Tensor &weight, const at::Tensor &gradient, at::Tensor &mu,
                           at::Tensor &nu, const ct_adam_options &o, double *squares) {
  const auto g = gradient * o.gradient_scale;
  const bool narrow = mu.scalar_type() == at::kBFloat16;
  const double beta1 = narrow ? roundedToBF16(static_cast<float>(o.beta1)) : o.beta1;
  const auto m = mu.to(at::kFloat) * beta1 + g * (1 - o.beta1);
  nu.mul_(o.beta2).addcmul_(g, g, 1 - o.beta2);
  mu.copy_(m);
  const auto direction =
      m.div(o.bias_correction1).div(nu.div(o.bias_correction2).sqrt().add(o.epsilon));
  const auto change = direction.mul(o.learning_rate).add(weight, o.decay).mul(-o.multiplier);
  weight.add_(change);
  squares[0] += at::square(weight).sum(at::kDouble).item<double>();
  squares[1] += at::square(change).sum(at::kDouble).item<double>();
}

int32_t ct_adam_step(ct_tensor weightHandle, ct_tensor gradientHandle, ct_tensor muHandle,
                     ct_tensor nuHandle, ct_adam_options options, double *squares) {
  return guard([&] {
    c10::NoGradGuard noGrad;
    auto &weight = get(weightHandle), &mu = get(muHandle), &nu = get(nuHandle);
    auto gradient = get(gradientHandle);
    TORCH_CHECK(weight.sizes() == gradient.sizes() && weight.sizes() == mu.sizes() &&
                    weight.sizes() == nu.sizes(),
                "Adam: weight ", weight.sizes(), ", gradient ", gradient.sizes(), ", mu ",
                mu.sizes(), ", nu ", nu.sizes());
    TORCH_CHECK(nu.scalar_type() == at::kFloat && weight.scalar_type() == at::kFloat,
                "Adam: weight and second moment must be f32");
    TORCH_CHECK(mu.scalar_type() == at::kFloat || mu.scalar_type() == at::kBFloat16,
                "Adam: the first moment must be f32 or bf16");
    TORCH_CHECK(mu.device() == weight.device() && nu.device() == weight.device() &&
                    gradient.device() == weight.device(),
                "Adam: weight, gradient and moments must be on one device");
    if (!weight.is_cpu()) {
      updateAnywhere(weight, gradient, mu, nu, options, squares);
      return;
    }
    // The loop walks memory, so all four must lie in it alike.
    TORCH_CHECK(weight.is_non_overlapping_and_dense() && mu.strides() == weight.strides() &&
                    nu.strides() == weight.strides(),
                "Adam: weight and moments differ in memory layout");
    gradient = gradient.to(at::kFloat);
    if (gradient.strides() != weight.strides()) gradient = at::empty_like(weight).copy_(gradient);
    const Squares sums = update(weight, gradient, mu, nu, options);
    squares[0] += sums.weight;
    squares[1] += sums.update;
  });
}

// w += -multiplier · (rate · direction + decay · w)
CT_MULTIVERSION static Squares step(float *w, const float *d, float rate, float decay,
                                    float multiplier, int64_t begin, int64_t end) {
#pragma clang fp reassociate(on)
  double weightSquares = 0, updateSquares = 0;
  for (int64_t i = begin; i < end; ++i) {
    const float update = -multiplier * (rate * d[i] + decay * w[i]);
    const float weight = w[i] + update;
    w[i] = weight;
    weightSquares += static_cast<double>(weight) * weight;
    updateSquares += static_cast<double>(update) * update;
  }
  return {weightSquares, updateSquares};
}

int32_t ct_weight_update(ct_tensor weightHandle, ct_tensor directionHandle, double rate,
                         double decay, double multiplier, double *squares) {
  return guard([&] {
    c10::NoGradGuard noGrad;
    auto &weight = get(weightHandle);
    auto direction = get(directionHandle);
    TORCH_CHECK(weight.sizes() == direction.sizes() && weight.device() == direction.device(),
                "weight ", weight.sizes(), " and direction ", direction.sizes(),
                " must be alike and on one device");
    if (!weight.is_cpu() || weight.scalar_type() != at::kFloat ||
        !weight.is_non_overlapping_and_dense()) {
      const auto change = direction.mul(rate).add(weight, decay).mul(-multiplier);
      weight.add_(change);
      squares[0] += at::square(weight).sum(at::kDouble).item<double>();
      squares[1] += at::square(change).sum(at::kDouble).item<double>();
      return;
    }
    direction = direction.to(at::kFloat);
    if (direction.strides() != weight.strides())
      direction = at::empty_like(weight).copy_(direction);
    float *w = weight.mutable_data_ptr<float>();
    const float *d = floats(direction);
    std::vector<double> updates(static_cast<size_t>((weight.numel() + piece - 1) / piece));
    squares[0] += sumInPieces(weight.numel(), [&](int64_t begin, int64_t end) {
      const Squares sums = step(w, d, static_cast<float>(rate), static_cast<float>(decay),
                                static_cast<float>(multiplier), begin, end);
      updates[static_cast<size_t>(begin / piece)] = sums.update;
      return sums.weight;
    });
    for (const double sum : updates) squares[1] += sum;
  });
}

int32_t ct_approach(ct_tensor target, ct_tensor source, double share) {
  return guard([&] {
    c10::NoGradGuard noGrad;
    get(target).lerp_(get(source), share);
  });
}

int32_t ct_blend(ct_tensor target, double kept, ct_tensor source, double added) {
  return guard([&] {
    c10::NoGradGuard noGrad;
    get(target).mul_(kept).add_(get(source), added);
  });
}
