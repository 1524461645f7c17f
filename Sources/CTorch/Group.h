// Processes that train together: what collectives inside of kernels need of c10d.
#pragma once

#include <vector>

#include "Internal.h"

namespace ct {

/// Adds up `values` over all processes of the group, in place. Throws when another one is gone.
void addUp(ct_group group, std::vector<double> &values);

/// The same with a tensor, on whatever device.
void addUp(ct_group group, at::Tensor &values);

/// Batch normalisation in training, with the statistics of all processes: (N, C, …) of this one.
/// `mean` and `variance` follow in place.
at::Tensor sharedBatchNorm(const at::Tensor &x, const at::Tensor &gamma, const at::Tensor &beta,
                           const at::Tensor &mean, const at::Tensor &variance, double momentum,
                           double epsilon, ct_group group);

}  // namespace ct
