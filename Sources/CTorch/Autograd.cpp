#include <ATen/autocast_mode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>

#include "Internal.h"

using namespace ct;

int32_t ct_set_requires_grad(ct_tensor x, bool on) {
  return guard([&] { get(x).set_requires_grad(on); });
}

bool ct_requires_grad(ct_tensor x) { return get(x).requires_grad(); }

int32_t ct_backward(ct_tensor loss) {
  return guard([&] { torch::autograd::backward({get(loss)}, {}); });
}

int32_t ct_grad(ct_tensor x, ct_tensor *out) {
  return guard([&] {
    const auto &gradient = get(x).grad();
    *out = gradient.defined() ? wrap(gradient) : ct_tensor{nullptr};
  });
}

int32_t ct_clear_grad(ct_tensor x) {
  return guard([&] { get(x).mutable_grad() = at::Tensor(); });
}

int32_t ct_gradients(ct_tensor loss, const ct_tensor *inputs, int32_t count, ct_tensor *out) {
  return guard([&] {
    std::vector<at::Tensor> leaves;
    for (int32_t i = 0; i < count; ++i) leaves.push_back(get(inputs[i]));
    const auto gradients = torch::autograd::grad({get(loss)}, leaves);
    for (int32_t i = 0; i < count; ++i) out[i] = wrap(gradients[i]);
  });
}

bool ct_set_grad_mode(bool on) {
  const bool before = at::GradMode::is_enabled();
  at::GradMode::set_enabled(on);
  return before;
}

void *ct_enter_inference(void) { return new c10::InferenceMode(true); }
void ct_leave_inference(void *scope) { delete static_cast<c10::InferenceMode *>(scope); }

namespace {
struct AutocastScope {
  at::DeviceType device;
  bool enabledBefore;
  at::ScalarType typeBefore;
};
}  // namespace

int32_t ct_enter_autocast(int32_t device_type, int32_t dtype, void **out) {
  return guard([&] {
    const auto device = deviceOf(ct_device{device_type, 0}).type();
    auto *scope = new AutocastScope{device, at::autocast::is_autocast_enabled(device),
                                    at::autocast::get_autocast_dtype(device)};
    at::autocast::set_autocast_enabled(device, true);
    at::autocast::set_autocast_dtype(device, scalarType(dtype));
    at::autocast::increment_nesting();
    *out = scope;
  });
}

void ct_leave_autocast(void *raw) {
  auto *scope = static_cast<AutocastScope *>(raw);
  // Weights' casts are cached per scope; leaving the outermost one drops them.
  if (at::autocast::decrement_nesting() == 0) at::autocast::clear_cache();
  at::autocast::set_autocast_enabled(scope->device, scope->enabledBefore);
  at::autocast::set_autocast_dtype(scope->device, scope->typeBefore);
  delete scope;
}
