// OpenVINO's C interface as far as it is used, declared anew so that nothing of OpenVINO is needed to build, and found
// at run time. A test compares these declarations with the headers of the wheel.
#ifndef COPENVINO_H
#define COPENVINO_H

#include <stddef.h>
#include <stdint.h>

typedef struct ov_core ov_core_t;
typedef struct ov_model ov_model_t;
typedef struct ov_compiled_model ov_compiled_model_t;
typedef struct ov_infer_request ov_infer_request_t;
typedef struct ov_tensor ov_tensor_t;
typedef struct ov_output_const_port ov_output_const_port_t;

// What OpenVINO calls ov_status_e; 0 is success, everything else is below it.
typedef int32_t cov_status;

// What it calls ov_element_type_e, as far as it is used.
typedef uint32_t cov_element_type;
enum { COV_F32 = 4, COV_U8 = 16 };

// What it calls ov_version_t.
typedef struct {
  const char *build;
  const char *description;
} cov_version;

// What it calls ov_shape_t.
typedef struct {
  int64_t rank;
  int64_t *dims;
} cov_shape;

// What it calls ov_dimension_t: the least and the most that a side can be.
typedef struct {
  int64_t least;
  int64_t most;
} cov_dimension;

// What it calls ov_partial_shape_t.
typedef struct {
  cov_dimension rank;
  cov_dimension *dims;
} cov_partial_shape;

// Result, name and parameters of every function that is used.
#define COV_FUNCTIONS(F)                                                                           \
  F(cov_status, ov_get_openvino_version, (cov_version *))                                          \
  F(void, ov_version_free, (cov_version *))                                                        \
  F(const char *, ov_get_last_err_msg, (void))                                                     \
  F(void, ov_free, (const char *))                                                                 \
  F(cov_status, ov_core_create, (ov_core_t **))                                                    \
  F(void, ov_core_free, (ov_core_t *))                                                             \
  F(cov_status, ov_core_get_property, (const ov_core_t *, const char *, const char *, char **))    \
  F(cov_status, ov_core_read_model_from_memory_buffer,                                             \
    (const ov_core_t *, const char *, const size_t, const ov_tensor_t *, ov_model_t **))           \
  F(cov_status, ov_core_read_model,                                                                \
    (const ov_core_t *, const char *, const char *, ov_model_t **))                                \
  F(cov_status, ov_model_reshape_single_input, (const ov_model_t *, const cov_partial_shape))      \
  F(void, ov_model_free, (ov_model_t *))                                                           \
  F(void, ov_compiled_model_free, (ov_compiled_model_t *))                                         \
  F(cov_status, ov_compiled_model_create_infer_request,                                            \
    (const ov_compiled_model_t *, ov_infer_request_t **))                                          \
  F(void, ov_infer_request_free, (ov_infer_request_t *))                                           \
  F(cov_status, ov_infer_request_set_input_tensor, (ov_infer_request_t *, const ov_tensor_t *))    \
  F(cov_status, ov_infer_request_set_output_tensor_by_index,                                       \
    (ov_infer_request_t *, const size_t, const ov_tensor_t *))                                     \
  F(cov_status, ov_infer_request_infer, (ov_infer_request_t *))                                    \
  F(cov_status, ov_infer_request_get_output_tensor_by_index,                                       \
    (const ov_infer_request_t *, const size_t, ov_tensor_t **))                                    \
  F(cov_status, ov_tensor_create_from_host_ptr,                                                    \
    (const cov_element_type, const cov_shape, void *, ov_tensor_t **))                             \
  F(cov_status, ov_tensor_get_shape, (const ov_tensor_t *, cov_shape *))                           \
  F(cov_status, ov_tensor_get_element_type, (const ov_tensor_t *, cov_element_type *))             \
  F(cov_status, ov_shape_free, (cov_shape *))                                                      \
  F(void, ov_tensor_free, (ov_tensor_t *))

// The functions that take any number of properties, which Swift cannot call.
#define COV_VARIADIC_FUNCTIONS(F)                                                                  \
  F(cov_status, ov_core_set_property, (const ov_core_t *, const char *, ...))                      \
  F(cov_status, ov_core_compile_model,                                                             \
    (const ov_core_t *, const ov_model_t *, const char *, const size_t, ov_compiled_model_t **,    \
     ...))

#define COV_FIELD(result, name, parameters) result(*name) parameters;

/// The functions of a library that was opened.
typedef struct {
  COV_FUNCTIONS(COV_FIELD)
  COV_VARIADIC_FUNCTIONS(COV_FIELD)
} cov_functions;

#undef COV_FIELD

/// Opens libopenvino_c and fills the table. Returns NULL, or what is wrong, which is valid until the next call.
const char *cov_open(const char *path, cov_functions *functions);

/// Has the files of networks read, not mapped: one that is cut short meanwhile would end the program with a signal.
cov_status cov_read_whole_files(const cov_functions *functions, const ov_core_t *core);

/// What compiled networks are set to.
typedef struct {
  /// f32, bf16 or f16.
  const char *precision;
  /// How many threads, as text.
  const char *threads;
} cov_settings;

/// Compiles a model for the CPU: one stream, threads that are not bound to cores, since processes would be bound to the
/// same ones.
cov_status cov_compile(const cov_functions *functions, const ov_core_t *core,
                       const ov_model_t *model, cov_settings settings,
                       ov_compiled_model_t **compiled);

#endif
