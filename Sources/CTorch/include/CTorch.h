// A thin C ABI over libtorch: one function an operator, nothing decided here.
//
// Conventions. Every function that can fail returns CT_OK or CT_FAILED; after CT_FAILED, and only
// then, ct_last_error() tells what libtorch said (per thread). The result is the last parameter.
// Tensors passed in are borrowed, tensors handed out are owned by the caller and freed with
// ct_free. An absent optional tensor is one whose pointer is NULL. Lists are a pointer and a count.
#ifndef CTORCH_H
#define CTORCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define CT_EXPORT extern "C" __attribute__((visibility("default")))
#else
#define CT_EXPORT
#endif
#define CT_CALL CT_EXPORT __attribute__((warn_unused_result)) int32_t

enum { CT_OK = 0, CT_FAILED = 1 };

typedef struct {
  void *pointer;
} ct_tensor;

// Values of ct_dtype and ct_device_type are this header's own, so that a new libtorch cannot
// renumber them.
typedef enum { CT_F32 = 0, CT_BF16, CT_F16, CT_F64, CT_I64, CT_I32, CT_U8, CT_BOOL } ct_dtype;
// Tensors on CT_META have a shape and no values.
typedef enum { CT_CPU = 0, CT_CUDA, CT_MPS, CT_META } ct_device_type;
typedef enum { CT_CONTIGUOUS = 0, CT_CHANNELS_LAST } ct_layout;
typedef enum { CT_NO_ACTIVATION = 0, CT_RELU, CT_RELU6, CT_HARD_SWISH } ct_activation;

typedef struct {
  int32_t type;
  int32_t index;
} ct_device;

// Processes that train together; none where the pointer is NULL.
typedef struct {
  void *pointer;
} ct_group;

// --- The library
// -------------------------------------------------------------------------------------
CT_EXPORT const char *ct_last_error(void);
CT_EXPORT const char *ct_version(void);
CT_EXPORT const char *ct_cpu_capability(void);
CT_EXPORT int64_t ct_live_handles(void);
CT_EXPORT int32_t ct_threads(void);
CT_CALL ct_set_threads(int32_t count);
/// How many different threads our own parallel loops ran on, asked of a loop that has work for all.
CT_EXPORT int32_t ct_kernel_threads(void);
/// Threads that an operator would get now, of those that it may use. Has the OpenMP library give it no fewer where it can.
CT_EXPORT int32_t ct_usable_threads(void);
CT_CALL ct_manual_seed(uint64_t seed);
CT_EXPORT int32_t ct_device_count(int32_t type);
CT_CALL ct_synchronize(ct_device device);
/// Bytes of a device's own memory that nobody uses; fails for the CPU and for backends that cannot
/// tell.
CT_CALL ct_free_memory(ct_device device, int64_t *bytes);

// --- Tensors
// -----------------------------------------------------------------------------------------
CT_CALL ct_from_bytes(const void *bytes, const int64_t *shape, int32_t rank, int32_t dtype,
                      ct_tensor *out);
CT_CALL ct_full(const int64_t *shape, int32_t rank, double value, int32_t dtype, ct_device device,
                ct_tensor *out);
CT_CALL ct_randn(const int64_t *shape, int32_t rank, int32_t dtype, ct_device device,
                 ct_tensor *out);
/// Uniform in [0, 1).
CT_CALL ct_rand(const int64_t *shape, int32_t rank, int32_t dtype, ct_device device,
                ct_tensor *out);
CT_EXPORT void ct_free(ct_tensor x);
CT_EXPORT int32_t ct_rank(ct_tensor x);
CT_EXPORT int64_t ct_size(ct_tensor x, int32_t dimension);
CT_EXPORT int32_t ct_dtype_of(ct_tensor x);
CT_EXPORT ct_device ct_device_of(ct_tensor x);
CT_EXPORT bool ct_is_channels_last(ct_tensor x);
/// Copies the values in C order to `bytes`, which holds exactly `count` bytes.
CT_CALL ct_to_bytes(ct_tensor x, void *bytes, size_t count);
/// Where the values of a dense tensor on the CPU lie, which holds as long as the tensor lives.
CT_CALL ct_data(ct_tensor x, void **out);
CT_CALL ct_to(ct_tensor x, int32_t dtype, ct_device device, ct_tensor *out);
CT_CALL ct_contiguous(ct_tensor x, int32_t layout, ct_tensor *out);
CT_CALL ct_copy_into(ct_tensor destination, ct_tensor source);
CT_CALL ct_clone(ct_tensor x, ct_tensor *out);
CT_CALL ct_detach(ct_tensor x, ct_tensor *out);

// --- Operators
// ---------------------------------------------------------------------------------------
#define CT_UNARY(name) CT_CALL ct_##name(ct_tensor x, ct_tensor *out)
#define CT_BINARY(name) CT_CALL ct_##name(ct_tensor a, ct_tensor b, ct_tensor *out)
CT_UNARY(neg);
CT_UNARY(exp);
CT_UNARY(log);
CT_UNARY(sqrt);
CT_UNARY(abs);
CT_UNARY(relu);
CT_UNARY(relu6);
CT_UNARY(hardswish);
CT_UNARY(hardsigmoid);
CT_UNARY(gelu);
CT_UNARY(erfinv);
CT_UNARY(isfinite);
CT_BINARY(add);
CT_BINARY(sub);
CT_BINARY(mul);
CT_BINARY(div);
CT_BINARY(eq);
CT_BINARY(maximum);
CT_BINARY(matmul);
CT_CALL ct_add_scalar(ct_tensor x, double value, ct_tensor *out);
CT_CALL ct_mul_scalar(ct_tensor x, double value, ct_tensor *out);
CT_CALL ct_clamp(ct_tensor x, double low, double high, ct_tensor *out);
/// Values rounded to (code - zero) * scale, codes being 0 to 255.
CT_CALL ct_fake_quantize(ct_tensor x, double scale, int64_t zero, ct_tensor *out);
CT_CALL ct_sum(ct_tensor x, const int64_t *dims, int32_t count, bool keep, ct_tensor *out);
CT_CALL ct_mean(ct_tensor x, const int64_t *dims, int32_t count, bool keep, ct_tensor *out);
/// Index of the first largest value along `dim`.
CT_CALL ct_argmax(ct_tensor x, int64_t dim, ct_tensor *out);
CT_CALL ct_softmax(ct_tensor x, int64_t dim, ct_tensor *out);
CT_CALL ct_log_softmax(ct_tensor x, int64_t dim, ct_tensor *out);
CT_CALL ct_sort_descending(ct_tensor x, int64_t dim, ct_tensor *indices);
CT_CALL ct_gather(ct_tensor x, int64_t dim, ct_tensor index, ct_tensor *out);
CT_CALL ct_index_select(ct_tensor x, int64_t dim, ct_tensor index, ct_tensor *out);
CT_CALL ct_one_hot(ct_tensor index, int64_t classes, ct_tensor *out);
CT_CALL ct_reshape(ct_tensor x, const int64_t *shape, int32_t rank, ct_tensor *out);
CT_CALL ct_permute(ct_tensor x, const int64_t *order, int32_t rank, ct_tensor *out);
CT_CALL ct_narrow(ct_tensor x, int64_t dim, int64_t start, int64_t length, ct_tensor *out);
CT_CALL ct_concatenate(const ct_tensor *list, int32_t count, int64_t dim, ct_tensor *out);
CT_CALL ct_roll(ct_tensor x, int64_t shift, int64_t dim, ct_tensor *out);
CT_CALL ct_pad(ct_tensor x, const int64_t *amounts, int32_t count, double value, ct_tensor *out);

CT_CALL ct_linear(ct_tensor x, ct_tensor weight, ct_tensor bias, ct_tensor *out);
CT_CALL ct_conv2d(ct_tensor x, ct_tensor weight, ct_tensor bias, int64_t stride, int64_t padding,
                  int64_t groups, ct_tensor *out);
CT_CALL ct_max_pool2d(ct_tensor x, int64_t kernel, int64_t stride, int64_t padding, ct_tensor *out);
/// A convolution's kernel (out, in, h, w) in the type that it is used in, its filters standardised if wanted.
CT_CALL ct_kernel(ct_tensor weight, bool standardizes, double epsilon, int32_t dtype,
                  ct_tensor *out);
/// Batch normalisation of (N, C, H, W); `mean` and `variance` are used, or in training follow those
/// of `x`, which are used instead; then the activation, a `ct_activation`. With a group those of the `x` of all its
/// processes.
CT_CALL ct_batch_norm(ct_tensor x, ct_tensor weight, ct_tensor bias, ct_tensor mean,
                      ct_tensor variance, bool training, double momentum, double epsilon,
                      int32_t activation, ct_group group, ct_tensor *out);
/// Layer normalisation of (..., C).
CT_CALL ct_layer_norm(ct_tensor x, ct_tensor weight, ct_tensor bias, double epsilon,
                      ct_tensor *out);
/// Softmax of q kT / sqrt(D), times v; all (N, heads, T, D).
CT_CALL ct_attention(ct_tensor q, ct_tensor k, ct_tensor v, ct_tensor *out);

// --- Linear algebra
// ----------------------------------------------------------------------------------
/// Eigenvalues (..., n), ascending, and eigenvectors (..., n, n), as columns, of symmetric matrices
/// (..., n, n), of which the lower triangle is read. (N, n, n) are spread over the CPU's threads.
CT_CALL ct_eigh(ct_tensor x, ct_tensor *values, ct_tensor *vectors);
/// target += share · (source - target) in place.
CT_CALL ct_approach(ct_tensor target, ct_tensor source, double share);
/// target = kept · target + added · a b in place, for each matrix of (N, rows, columns).
CT_CALL ct_blend_products(ct_tensor target, double kept, ct_tensor a, ct_tensor b, double added);

// --- Autograd
// ----------------------------------------------------------------------------------------
CT_CALL ct_set_requires_grad(ct_tensor x, bool on);
CT_EXPORT bool ct_requires_grad(ct_tensor x);
CT_CALL ct_backward(ct_tensor loss);
/// The accumulated gradient, or a NULL pointer when there is none.
CT_CALL ct_grad(ct_tensor x, ct_tensor *out);
CT_CALL ct_clear_grad(ct_tensor x);
CT_CALL ct_gradients(ct_tensor loss, const ct_tensor *inputs, int32_t count, ct_tensor *out);
/// Switches recording on or off for this thread and returns what it was.
CT_EXPORT bool ct_set_grad_mode(bool on);
/// Scopes nest and belong to one thread; leave them in reverse order.
CT_EXPORT void *ct_enter_inference(void);
CT_EXPORT void ct_leave_inference(void *scope);
CT_CALL ct_enter_autocast(int32_t device_type, int32_t dtype, void **out);
CT_EXPORT void ct_leave_autocast(void *scope);

// --- Fused kernels
// -----------------------------------------------------------------------------------
/// Group normalisation of (N, C, H, W), followed by ReLU where asked; weight and bias are f32 of C
/// values.
CT_CALL ct_group_norm(ct_tensor x, int64_t groups, ct_tensor weight, ct_tensor bias, double epsilon,
                      bool relu, ct_tensor *out);

typedef struct {
  double learning_rate;  // multiplies the Adam direction
  double decay;          // subtracted times the weight, not multiplied by learning_rate
  double multiplier;     // the schedule's value at this step; multiplies both of the above
  double beta1, beta2, epsilon;
  double bias_correction1, bias_correction2;  // 1 - beta^t
  double gradient_scale;                      // from clipping by global norm
} ct_adam_options;

/// One Adam update in place of `weight`, `mu` (f32 or bf16) and `nu`; adds the sums of squares of
/// the new weight and of the update to `squares[0]` and `squares[1]`. Sums do not depend on the
/// number of threads.
CT_CALL ct_adam_step(ct_tensor weight, ct_tensor gradient, ct_tensor mu, ct_tensor nu,
                     ct_adam_options options, double *squares);
/// Sum of the squares of all values, summed in double in an order independent of the number of
/// threads.
CT_CALL ct_sum_of_squares(ct_tensor x, double *out);
/// weight -= multiplier · (rate · direction + decay · weight) in place; adds to `squares` as
/// `ct_adam_step` does.
CT_CALL ct_weight_update(ct_tensor weight, ct_tensor direction, double rate, double decay,
                         double multiplier, double *squares);
/// target = kept · target + added · source in place.
CT_CALL ct_blend(ct_tensor target, double kept, ct_tensor source, double added);

// --- Programs
// ----------------------------------------------------------------------------------------
/// A network that PyTorch saved as a program, freed with `ct_program_free`. Loading it runs code of
/// the file's.
typedef struct {
  void *pointer;
} ct_program;

/// A TorchScript module (`torch.jit.save`), its weights on `device`, in evaluation mode.
CT_CALL ct_script_load(const char *path, ct_device device, ct_program *out);
/// An AOTInductor package (`aoti_compile_and_package`); it was compiled for a kind of device.
CT_CALL ct_package_load(const char *path, ct_device device, ct_program *out);
/// The tensor that the program makes of `x`, or the first of several. Records no gradients.
CT_CALL ct_program_run(ct_program program, ct_tensor x, ct_tensor *out);
CT_EXPORT void ct_program_free(ct_program program);

// --- Groups of processes
// -----------------------------------------------------------------------------------------------
/// Whether this libtorch's c10d is one of those that are known.
CT_EXPORT bool ct_has_groups(void);
/// Joins `size` processes that meet at the store of `host`, which this process opens if it `serves`. Gloo connects them
/// through the network `interface`, or where that is empty through the one of `address`, this machine's own. The group is
/// left with `ct_group_leave`. Collectives add up, are called by all processes in the same order, and fail when another
/// process is gone, with the sentence that it left by `ct_group_fail`.
CT_CALL ct_group_join(const char *host, int32_t port, const char *prefix, bool serves,
                      const char *address, const char *interface, int32_t rank, int32_t size,
                      double timeout, ct_group *out);
CT_EXPORT void ct_group_leave(ct_group group);
/// The first process's values, in place.
CT_CALL ct_group_broadcast(ct_group group, ct_tensor x);
/// (size, ...): what each process gave; all of one shape and type.
CT_CALL ct_group_all_gather(ct_group group, ct_tensor x, ct_tensor *out);
CT_CALL ct_group_set(ct_group group, const char *key, const void *bytes, size_t count);
/// Waits for a value and hands it out in memory that is freed with `free`.
CT_CALL ct_group_get(ct_group group, const char *key, void **bytes, size_t *count);
/// Whether a collective has failed because another process is gone.
CT_EXPORT bool ct_group_is_lost(void);
/// Leaves a sentence for the others on why this process ends, unless another one has.
CT_CALL ct_group_fail(ct_group group, const char *sentence, bool *is_first);

/// The gradients of f32 parameters in flat buckets of about so many `bytes`, with a few numbers more in the last one.
typedef struct {
  void *pointer;
} ct_buckets;
CT_CALL ct_buckets_make(ct_group group, const ct_tensor *parameters, int32_t count, int64_t bytes,
                        int32_t extras, ct_buckets *out);
CT_EXPORT void ct_buckets_free(ct_buckets buckets);
/// The next backward pass is the last before an update: a bucket is added up over all processes once its gradients are
/// there.
CT_CALL ct_buckets_begin(ct_buckets buckets, const double *extras);
/// Waits for all buckets, after which the gradients are the sums; hands out the sums of the extra numbers.
CT_CALL ct_buckets_finish(ct_buckets buckets, double *extras);

#endif
