// Networks that PyTorch saved as programs: TorchScript modules and AOTInductor packages.
#include <c10/core/impl/LocalDispatchKeySet.h>
#include <stdlib.h>
#include <torch/csrc/inductor/aoti_package/model_package_loader.h>
#include <torch/csrc/jit/runtime/graph_executor.h>
#include <torch/csrc/jit/serialization/import.h>

#include <iostream>
#include <map>
#include <optional>
#include <sstream>

#include "Internal.h"

using namespace ct;

namespace {

struct Program {
  virtual ~Program() = default;
  virtual at::Tensor run(const at::Tensor &x) = 0;
  /// The type of its values, if it is one of half precision.
  virtual std::optional<at::ScalarType> halfType() const = 0;

  /// Runs it on images in f32 or, if it refuses those and its values are of half precision, in their type from then on.
  at::Tensor runInItsType(const at::Tensor &x) {
    if (type) return run(x.to(*type));
    try {
      return run(x);
    } catch (const std::exception &) {
      const auto half = halfType();
      if (!half) throw;
      auto result = run(x.to(*half));
      type = half;
      return result;
    }
  }

 private:
  std::optional<at::ScalarType> type;
};

/// `type`, if it is one of half precision.
std::optional<at::ScalarType> half(at::ScalarType type) {
  if (type == at::kHalf || type == at::kBFloat16) return type;
  return std::nullopt;
}

struct Script final : Program {
  torch::jit::Module module;

  Script(const char *path, at::Device device)
      : module(torch::jit::load(path, device, /*load_debug_files=*/false)) {
    module.eval();
  }

  at::Tensor run(const at::Tensor &x) override {
    // The optimizing executor watches the first runs and then compiles anew, so that the same input
    // could give another output later on.
    torch::jit::GraphOptimizerEnabledGuard unoptimized(false);
    const auto result = module.forward({x});
    if (result.isTensor()) return result.toTensor();
    TORCH_CHECK(result.isTuple() && result.toTupleRef().size() > 0 &&
                    result.toTupleRef().elements()[0].isTensor(),
                "it gives ", result.type()->repr_str(),
                ", not a tensor or a tuple that starts with one");
    return result.toTupleRef().elements()[0].toTensor();
  }

  std::optional<at::ScalarType> halfType() const override {
    for (const auto &parameter : module.parameters()) {
      if (parameter.is_floating_point()) return half(parameter.scalar_type());
    }
    return std::nullopt;
  }
};

/// Keeps what is written to std::cerr, where a package's code says what is wrong with its input.
struct Hearing {
  std::ostringstream text;
  std::streambuf *before = std::cerr.rdbuf(text.rdbuf());
  ~Hearing() { std::cerr.rdbuf(before); }
};

struct Package final : Program {
  using Loader = torch::inductor::AOTIModelPackageLoader;
  std::unique_ptr<Loader> loader;

  Package(const char *path, at::Device device) {
    // Read first, since a package that fails to load leaves what was unpacked in /tmp.
    auto metadata = Loader::load_metadata_from_package(path, "model");
    const auto made = metadata["AOTI_DEVICE_KEY"], wanted = at::DeviceTypeName(device.type(), true);
    TORCH_CHECK(made == wanted, "it was compiled for ", made, ", not for ", wanted);
#if defined(__x86_64__)
    const auto instructions = metadata["AOTI_CPU_ISA"];
    TORCH_CHECK(
        instructions.find("AVX512") == std::string::npos || __builtin_cpu_supports("avx512f"),
        "it was compiled for a CPU with ", instructions, ", which this one lacks");
#endif
    // Compiled code takes its input's shape, type and strides for granted and would read beyond it,
    // unless this is set when it first runs.
    setenv("AOTI_RUNTIME_CHECK_INPUTS", "1", /*overwrite=*/0);
    loader = std::make_unique<Loader>(path, "model", /*run_single_threaded=*/false,
                                      /*num_runners=*/1, device.is_cpu() ? -1 : device.index());
  }

  at::Tensor run(const at::Tensor &x) override {
    Hearing hearing;
    try {
      const auto results = loader->run({x});
      TORCH_CHECK(!results.empty(), "it gives no tensor");
      return results[0];
    } catch (const std::exception &error) {
      const auto heard = hearing.text.str();
      throw std::runtime_error(heard.empty() ? error.what() : heard);
    }
  }

  std::optional<at::ScalarType> halfType() const override {
    const auto types = loader->get_runner()->getConstantNamesToDtypes();
    for (const auto &[name, type] : std::map(types.begin(), types.end())) {
      if (auto found = half(static_cast<at::ScalarType>(type))) return found;
    }
    return std::nullopt;
  }
};

}  // namespace

int32_t ct_script_load(const char *path, ct_device device, ct_program *out) {
  return guard([&] { out->pointer = static_cast<Program *>(new Script(path, deviceOf(device))); });
}

int32_t ct_package_load(const char *path, ct_device device, ct_program *out) {
  return guard([&] { out->pointer = static_cast<Program *>(new Package(path, deviceOf(device))); });
}

int32_t ct_program_run(ct_program program, ct_tensor x, ct_tensor *out) {
  return guard([&] {
    at::NoGradGuard unrecorded;
    // A program computes in the types that it was saved with; compiled code relies on them.
    c10::impl::ExcludeDispatchKeyGuard uncast(c10::autocast_dispatch_keyset);
    // Of its own, since a program may write to its input, and compiled code asks for these strides.
    const auto input = get(x).detach().clone(at::MemoryFormat::Contiguous);
    auto result = static_cast<Program *>(program.pointer)->runInItsType(input);
    TORCH_CHECK(dtypeOf(result.scalar_type()) >= 0, "it gives a tensor of ", result.scalar_type());
    *out = wrap(std::move(result));
  });
}

void ct_program_free(ct_program program) { delete static_cast<Program *>(program.pointer); }
