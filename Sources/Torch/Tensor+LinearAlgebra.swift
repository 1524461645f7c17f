internal import CTorch

extension Tensor {
  /// Eigenvalues (…, n), ascending, and eigenvectors (…, n, n), as columns, of symmetric matrices (…,
  /// n, n) in f32 or f64, of which the lower triangle is read.
  public func symmetricEigen() -> (values: Tensor, vectors: Tensor) {
    var (values, vectors) = (ct_tensor.absent, ct_tensor.absent)
    require("symmetric eigendecomposition", [self]) { ct_eigh(handle, &values, &vectors) }
    return (Tensor(owning: values), Tensor(owning: vectors))
  }

  /// kept · self + added · a b for each of (N, rows, columns) matrices, in place; not recorded for
  /// gradients.
  public func blend(keeping kept: Double, adding added: Double, ofProduct a: Tensor, _ b: Tensor) {
    require("blend of products", [self, a, b]) {
      ct_blend_products(handle, kept, a.handle, b.handle, added)
    }
  }
}
