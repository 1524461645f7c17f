// What libtorch's header of its Gloo backend names of Gloo, whose own headers a wheel does not have. Only pointers to
// these are ever used; libtorch holds the code.
#pragma once

#include <chrono>

namespace gloo {

class Context {
 public:
  void setTimeout(std::chrono::milliseconds timeout);
};

namespace transport {
class UnboundBuffer;
}

}  // namespace gloo
