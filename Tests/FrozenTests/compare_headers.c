// Compiles only where the declarations of COpenVINO.h are those of OpenVINO's own headers.
#include <openvino/c/openvino.h>
#include <stddef.h>

#include "COpenVINO.h"

#define SAME_FIELD(ours, our_field, theirs, their_field)                                           \
  _Static_assert(offsetof(ours, our_field) == offsetof(theirs, their_field), #their_field);        \
  _Static_assert(sizeof(((ours *)0)->our_field) == sizeof(((theirs *)0)->their_field), #their_field)

_Static_assert(sizeof(cov_version) == sizeof(ov_version_t), "ov_version_t");
SAME_FIELD(cov_version, build, ov_version_t, buildNumber);
SAME_FIELD(cov_version, description, ov_version_t, description);
_Static_assert(sizeof(cov_shape) == sizeof(ov_shape_t), "ov_shape_t");
SAME_FIELD(cov_shape, rank, ov_shape_t, rank);
SAME_FIELD(cov_shape, dims, ov_shape_t, dims);
_Static_assert(sizeof(cov_dimension) == sizeof(ov_dimension_t), "ov_dimension_t");
SAME_FIELD(cov_dimension, least, ov_dimension_t, min);
SAME_FIELD(cov_dimension, most, ov_dimension_t, max);
_Static_assert(sizeof(cov_partial_shape) == sizeof(ov_partial_shape_t), "ov_partial_shape_t");
SAME_FIELD(cov_partial_shape, rank, ov_partial_shape_t, rank);
SAME_FIELD(cov_partial_shape, dims, ov_partial_shape_t, dims);
_Static_assert(sizeof(cov_status) == sizeof(ov_status_e) && OK == 0, "ov_status_e");
_Static_assert(sizeof(cov_element_type) == sizeof(ov_element_type_e), "ov_element_type_e");
_Static_assert((int)COV_F32 == (int)F32 && (int)COV_U8 == (int)U8, "ov_element_type_e");

// From here on our names stand for theirs, so that the types of functions can be compared.
#define cov_version ov_version_t
#define cov_shape ov_shape_t
#define cov_partial_shape ov_partial_shape_t
#define cov_status ov_status_e
#define cov_element_type ov_element_type_e
#define SAME(result, name, parameters) result(*const same_##name) parameters = &name;
COV_FUNCTIONS(SAME)
COV_VARIADIC_FUNCTIONS(SAME)
