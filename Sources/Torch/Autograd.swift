internal import CTorch

extension Tensor {
  /// Whether operators on this tensor are recorded for gradients.
  public var requiresGradient: Bool {
    get { ct_requires_grad(handle) }
    set { require("requires grad", [self]) { ct_set_requires_grad(handle, newValue) } }
  }

  /// Adds the gradient of this scalar to `gradient` of every leaf that it was computed from.
  public func backward() { require("backward", [self]) { ct_backward(handle) } }

  /// The gradient that `backward` has added up, in this tensor's shape.
  public var gradient: Tensor? {
    var result = ct_tensor.absent
    require("gradient", [self]) { ct_grad(handle, &result) }
    return result.pointer == nil ? nil : Tensor(owning: result)
  }

  /// Forgets the gradient.
  public func clearGradient() { require("clear gradient", [self]) { ct_clear_grad(handle) } }

  /// Gradients of this scalar with respect to each of `inputs`, nothing being added up anywhere.
  public func gradients(of inputs: [Tensor]) -> [Tensor] {
    var results = [ct_tensor](repeating: .absent, count: inputs.count)
    require("gradients", [self] + inputs) {
      ct_gradients(handle, inputs.map(\.handle), Int32(inputs.count), &results)
    }
    return results.map { Tensor(owning: $0) }
  }
}

/// Runs `body` on this thread without recording for gradients.
public func withoutGradients<Result>(_ body: () throws -> Result) rethrows -> Result {
  let before = ct_set_grad_mode(false)
  defer { _ = ct_set_grad_mode(before) }
  return try body()
}

/// Runs `body` on this thread in libtorch's inference mode: no recording and no bookkeeping for it.
/// A tensor made inside must be cloned outside before it takes part in a recorded operator.
public func withInference<Result>(_ body: () throws -> Result) rethrows -> Result {
  let scope = ct_enter_inference()
  defer { ct_leave_inference(scope) }
  return try body()
}

/// Runs `body` on this thread under autocast: convolutions and matrix products compute in `dtype`,
/// other operators in the type of their input, and weights stay as they are. `f32` switches nothing
/// on.
public func withAutocast<Result>(
  _ dtype: DType, on device: Device, _ body: () throws -> Result
) rethrows -> Result {
  guard dtype != .f32 else { return try body() }
  var scope: UnsafeMutableRawPointer?
  require("autocast to \(dtype)") { ct_enter_autocast(device.handle.type, dtype.rawValue, &scope) }
  defer { ct_leave_autocast(scope) }
  return try body()
}
