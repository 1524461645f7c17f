import FunMatchTorch

/// What a model says of an image.
package struct Prediction: Encodable, Sendable {
  /// A class that it may show.
  package struct Choice: Encodable, Sendable {
    /// Its place among the logits.
    package let index: Int
    /// Its name; `class 7` where nobody named it.
    package let name: String
    /// Its probability, in 0 ... 1.
    package let probability: Double

    /// One of them.
    package init(index: Int, name: String, probability: Double) {
      (self.index, self.name, self.probability) = (index, name, probability)
    }
  }
  /// How the image is called.
  package let image: String
  /// The likeliest classes, the likeliest first, the lower index first among equals.
  package let top: [Choice]

  /// What one is made of.
  package init(image: String, top: [Choice]) { (self.image, self.top) = (image, top) }

  /// What logits (N, classes) say of N images, at most `top` classes of each.
  static func predictions(
    _ logits: Tensor, images: [String], classNames: [String], top: Int
  ) -> [Prediction] {
    let classes = logits.shape[1]
    let probabilities = logits.softmax().array(as: Double.self)
    return images.enumerated().map { row, image in
      let own = probabilities[row * classes..<(row + 1) * classes]
      let choices = largest(top, of: own).map { place in
        let index = place - own.startIndex
        return Choice(
          index: index, name: index < classNames.count ? classNames[index] : "class \(index)",
          probability: own[place])
      }
      return Prediction(image: image, top: choices)
    }
  }

  /// The places of the largest values.
  private static func largest(_ count: Int, of values: ArraySlice<Double>) -> [Int] {
    func precedes(_ one: Int, _ other: Int) -> Bool {
      (values[one], other) > (values[other], one)
    }
    // Sorting the thousands of classes of some networks takes as long as their decoding.
    guard count * 8 < values.count else {
      return Array(values.indices.sorted(by: precedes).prefix(count))
    }
    var best: [Int] = []
    for place in values.indices {
      if best.count == count {
        guard let last = best.last, precedes(place, last) else { continue }
        best.removeLast()
      }
      best.insert(place, at: best.firstIndex { precedes(place, $0) } ?? best.count)
    }
    return best
  }
}
