import FunMatchFiles

/// What came of a probe: a table for people, an object for programs. Shares are fractions, losses nats.
package struct ProbeReport: Codable, Sendable, Equatable {
  /// A figure on the images that the head was fitted to, and on those that it was chosen on.
  package struct Pair: Codable, Sendable, Equatable {
    /// Of the training images, each whole and not mirrored.
    package let training: Double
    /// Of the validation images.
    package let validation: Double
  }

  /// Figures of the validation images before and after the logits were scaled for them.
  package struct Calibrated: Codable, Sendable, Equatable {
    /// At temperature 1.
    package let before: Double
    /// At the temperature that was chosen.
    package let after: Double
  }

  /// What the parts took, in seconds.
  package struct Seconds: Codable, Sendable, Equatable {
    /// The training images' features, or reading those that were kept.
    package let trainingFeatures: Double
    /// The validation images' likewise.
    package let validationFeatures: Double
    /// Fitting heads and choosing one.
    package let fit: Double
  }

  /// Number of training images.
  package let trainingImages: Int
  /// Number of validation images.
  package let validationImages: Int
  /// Number of classes.
  package let classes: Int
  /// Values that the head sees.
  package let features: Int
  /// Views of each training image.
  package let views: Int
  /// Input size in pixels.
  package let resolution: Int
  /// Whether the head is made of the means of the classes, not fitted.
  package let prototypes: Bool
  /// The regularisation that was chosen; `nil` for prototypes.
  package let regularization: Double?
  /// The same as scikit-learn's `C`.
  package let inverseRegularization: Double?
  /// What logits are divided by, in the head already.
  package let temperature: Double
  /// Share of images whose most likely class is the label.
  package let top1: Pair
  /// Mean cross entropy to the label.
  package let loss: Pair
  /// Expected calibration error, of the images that the temperature was chosen on.
  package let calibrationError: Calibrated
  /// All regularisations that were tried.
  package let path: [LogisticPath.Point]
  /// Whether the features were kept from before.
  package let wereKept: Bool
  /// What the parts took.
  package let seconds: Seconds

  /// Some lines, without a break at their end.
  package var text: String {
    func share(_ value: Double) -> String { NumberText.fixed(value, 4) }
    func time(_ value: Double) -> String { "\(NumberText.fixed(value, 1)) s" }
    var table = TextTable(["", "images", "top-1", "cross entropy"])
    table.append(
      ["training", NumberText.grouped(trainingImages), share(top1.training), share(loss.training)])
    table.append(
      [
        "validation", NumberText.grouped(validationImages), share(top1.validation),
        share(loss.validation),
      ])
    var lines = [
      table.text(left: 1),
      "calibration error \(share(calibrationError.before)), after scaling \(share(calibrationError.after)) (temperature "
        + "\(NumberText.significant(temperature)), chosen on these very images)",
    ]
    if let regularization, let inverseRegularization {
      lines.append(
        "regularization \(NumberText.significant(regularization)) of \(path.count) tried, C = "
          + NumberText.significant(inverseRegularization))
    } else {
      lines.append("means of classes")
    }
    lines.append(
      "features \(time(seconds.trainingFeatures + seconds.validationFeatures))\(wereKept ? " (kept from before)" : ""), "
        + "fit \(time(seconds.fit))")
    return lines.joined(separator: "\n")
  }
}
