import FunMatchTorch

/// What multinomial logistic regression minimises: the mean cross entropy in nats over all views, and half of the sum of the
/// weights' squares times the regularisation. Biases are not regularised.
///
/// scikit-learn's `LogisticRegression(C=…)` has its minimum at the same place for regularisation = 1 / (C · views).
package struct LogisticLoss {
  private let blocks: FeatureBlocks
  /// The class of each view.
  private let labels: Tensor
  /// Number of classes.
  package let classes: Int

  /// - Parameter labels: the class of each image, in 0 ..< classes.
  package init(_ blocks: FeatureBlocks, labels: [Int], classes: Int) {
    let views = blocks.table.views
    precondition(labels.count == blocks.table.images, "a label an image")
    (self.blocks, self.classes) = (blocks, classes)
    self.labels = Tensor(labels.flatMap { [Int64](repeating: Int64($0), count: views) })
  }

  /// Where to start without anything known: (classes, features + 1) zeros, the biases in the last column.
  package var start: Tensor { .zeros([classes, blocks.table.width + 1], dtype: .f64) }

  /// Value and gradient at a point (classes, features + 1).
  ///
  /// - Throws: `FileError` when features cannot be read.
  package func callAsFunction(
    _ point: Tensor, regularization: Double
  ) throws -> (value: Double, gradient: Tensor) {
    let head = ProbeHead(point)
    let share = 1 / Double(blocks.table.rows)
    var sum = 0.0
    var weights = Tensor.zeros([classes, blocks.table.width], dtype: .f64)
    var biases = Tensor.zeros([classes, 1], dtype: .f64)
    try blocks.forEach { rows, features in
      let logs = head(features).logSoftmax()
      let truth = labels.narrowed(0, rows).oneHot(classes).to(.f64)
      sum -= (logs * truth).sum().item
      let off = (logs.exp() - truth).permuted([1, 0])
      weights = weights + off.matmul(features)
      biases = biases + off.sum([1], keepingDimensions: true)
    }
    let value = sum * share + regularization / 2 * head.weight.squared().sum().item
    let gradient = Tensor.concatenated(
      [weights * share + head.weight * regularization, biases * share], 1)
    return (value, gradient)
  }

  /// The means of the features of each class as a head: its logits are those of the squared distance to each mean, as in
  /// Snell et al., "Prototypical Networks" (2017), less what is the same for all classes.
  ///
  /// - Throws: `FileError` when features cannot be read.
  package func prototypes() throws -> ProbeHead {
    var sums = Tensor.zeros([classes, blocks.table.width], dtype: .f64)
    var counts = Tensor.zeros([classes, 1], dtype: .f64)
    try blocks.forEach { rows, features in
      let truth = labels.narrowed(0, rows).oneHot(classes).to(.f64).permuted([1, 0])
      sums = sums + truth.matmul(features)
      counts = counts + truth.sum([1], keepingDimensions: true)
    }
    let means = sums / counts
    return ProbeHead(weight: means, bias: means.squared().sum([1]) * -0.5)
  }
}
