// Processes that train together: what collectives inside of kernels need of c10d.
#pragma once

#include <vector>

#include "Internal.h"

namespace ct {

/// Adds up `values` over all processes of the group, in place. Throws when another one is gone.
void addUp(ct_group group, std::vector<double> &values);

}  // namespace ct
