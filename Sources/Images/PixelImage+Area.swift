/// Which inputs one output coordinate of an area resize averages: `first ..< end`, those between
/// the first and the last with weight one.
private struct Span {
  var first: Int
  var end: Int
  var firstWeight: Float
  var lastWeight: Float

  /// The span of output coordinate `i`, where `scale` is input size / output size. All in float32,
  /// as TensorFlow's ResizeArea: its sums land just below an integer in flat regions, which
  /// truncation makes visible.
  init(_ i: Int, scale: Float) {
    let low = Float(i) * scale
    let high = Float(i + 1) * scale
    first = Int(low.rounded(.down))
    end = Int(high.rounded(.up))
    firstWeight = Self.weight(first, low, high, scale)
    lastWeight = Self.weight(end - 1, low, high, scale)
  }

  /// How much of the pixel `i ..< i + 1` lies in `low ..< high`.
  static func weight(_ i: Int, _ low: Float, _ high: Float, _ scale: Float) -> Float {
    let start = Float(i)
    let end = Float(i + 1)
    if start < low { return end > high ? scale : end - low }
    return end > high ? high - start : 1
  }

  func weight(_ i: Int) -> Float {
    i == first ? firstWeight : i == end - 1 ? lastWeight : 1
  }
}

extension PixelImage {
  /// Resizes to `height` x `width` by averaging the area under each output pixel, for shrinking and
  /// growing alike (growing is then nearly "nearest"); the result is truncated to uint8.
  ///
  /// Source: `tf.image.resize(method="area")` as big_vision `pp/ops_image.py`, `resize_small`,
  /// calls it. Sums are taken in float32 in TensorFlow's order, so that pixels are equal.
  ///
  /// - Precondition: both sizes are positive.
  public func resizeArea(height: Int, width: Int) -> PixelImage {
    if height == self.height && width == self.width { return self }
    return PixelImage(height: height, width: width) {
      resizeArea(
        height: height, width: width, window: Box(y: 0, x: 0, height: height, width: width),
        into: $0)
    }
  }

  /// Resizes so that the smaller side becomes `size`, by area; the other keeps the aspect ratio and
  /// is rounded half to even (big_vision `pp/ops_image.py`, `resize_small`).
  ///
  /// - Precondition: `size` is positive.
  public func resizeSmall(_ size: Int) -> PixelImage {
    let resized = sizeOfResizeSmall(size)
    return resizeArea(height: resized.height, width: resized.width)
  }

  /// The height and width that `resizeSmall` makes.
  func sizeOfResizeSmall(_ size: Int) -> (height: Int, width: Int) {
    let factor = Float(size) / Float(min(height, width))
    return (
      Int((Float(height) * factor).rounded(.toNearestOrEven)),
      Int((Float(width) * factor).rounded(.toNearestOrEven))
    )
  }

  /// Computes only the part `window` of the image resized to `height` x `width`, and writes it to
  /// `target`: uint8, (window.height, window.width, 3).
  func resizeArea(
    height: Int, width: Int, window: Box, into target: UnsafeMutableBufferPointer<UInt8>
  ) {
    precondition(
      height > 0 && width > 0 && window.fits(height: height, width: width)
        && target.count == window.height * window.width * 3,
      "\(window) of \(height) x \(width) pixels does not fit \(target.count) bytes")
    let yScale = Float(self.height) / Float(height)
    let xScale = Float(self.width) / Float(width)
    let norm = Float(1 / Double(yScale * xScale))
    let columns = (0..<window.width).map { Span(window.x + $0, scale: xScale) }
    let count = window.width * 3
    withUnsafeTemporaryAllocation(of: Float.self, capacity: 2 * count) { lines in
      pixels.withUnsafeBufferPointer { source in
        guard let start = source.baseAddress, let line = lines.baseAddress,
          let output = target.baseAddress
        else { return }
        let sum = line + count
        // The input line that `line` holds the horizontal sums of. The last line of one output row
        // is often the first of the next.
        var held = -1
        for y in 0..<window.height {
          let rows = Span(window.y + y, scale: yScale)
          sum.update(repeating: 0, count: count)
          for row in rows.first..<rows.end {
            let clamped = min(row, self.height - 1)
            if clamped != held {
              Self.sums(start + clamped * self.width * 3, self.width, columns, into: line)
              held = clamped
            }
            let weight = rows.weight(row)
            for i in 0..<count { sum[i] += line[i] * weight }
          }
          let result = output + y * count
          for i in 0..<count { result[i] = UInt8(min(sum[i] * norm, 255)) }
        }
      }
    }
  }

  /// Sums one line horizontally.
  private static func sums(
    _ line: UnsafePointer<UInt8>, _ width: Int, _ columns: [Span],
    into result: UnsafeMutablePointer<Float>
  ) {
    var output = result
    for span in columns {
      var pixel = line + min(span.first, width - 1) * 3
      var red = Float(pixel[0]) * span.firstWeight
      var green = Float(pixel[1]) * span.firstWeight
      var blue = Float(pixel[2]) * span.firstWeight
      if span.first + 1 < span.end {
        for _ in span.first + 1..<span.end - 1 {
          pixel += 3
          red += Float(pixel[0])
          green += Float(pixel[1])
          blue += Float(pixel[2])
        }
        // Rounding can put the last pixel one past the border.
        pixel = line + min(span.end - 1, width - 1) * 3
        red += Float(pixel[0]) * span.lastWeight
        green += Float(pixel[1]) * span.lastWeight
        blue += Float(pixel[2]) * span.lastWeight
      }
      output[0] = red
      output[1] = green
      output[2] = blue
      output += 3
    }
  }
}
