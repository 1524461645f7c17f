import CCodecs

extension PixelPart {
  /// Resizes the part `box` of the image to `height` x `width` and writes the `window` of the result
  /// (all of it unless said otherwise) to `target`: bilinear, half-pixel centres, no antialiasing
  /// however much it shrinks, weights clamped at the box's border, truncated to uint8. The aspect
  /// ratio is not kept.
  ///
  /// Source: big_vision `pp/ops_image.py`, `inception_crop` and `resize`. Pixels equal those of
  /// TensorFlow's ResizeBilinear.
  ///
  /// - Parameters:
  ///   - flip: whether to mirror the window left to right.
  ///   - target: (window.height, window.width, 3) bytes; need not be initialized before, all of it is
  ///     after.
  /// - Precondition: the window is inside the result, and this part holds what `bilinearReach` of the
  ///   same arguments says.
  public func resizeBilinear(
    box: Box, height: Int, width: Int, window: Box? = nil, flip: Bool,
    into target: UnsafeMutableBufferPointer<UInt8>
  ) {
    let window = window ?? Box(y: 0, x: 0, height: height, width: width)
    let axes = Axes(box: box, height: height, width: width, window: window, part: self.box)
    precondition(
      box.height > 0 && box.width > 0 && self.box.holds(axes.reach(cc_bilinear_reach))
        && target.count == window.height * window.width * 3,
      "\(self.box) does not hold \(box), or \(target.count) bytes are not \(window)")
    cc_resize_bilinear(
      base, stride, axes.rows, axes.columns, flip ? 1 : 0, target.baseAddress)
  }

  /// Resizes the whole image, which has this part, to `height` x `width` by averaging the area under
  /// each output pixel, and writes the `window` of the result to `target`, truncated to uint8.
  /// Growing is then nearly "nearest".
  ///
  /// Source: `tf.image.resize(method="area")` as big_vision `pp/ops_image.py`, `resize_small`,
  /// calls it. Sums are taken in float32 in TensorFlow's order, so that pixels are equal.
  ///
  /// - Parameter target: (window.height, window.width, 3) bytes; need not be initialized before, all
  ///   of it is after.
  /// - Precondition: the window is inside the result, and this part holds what it comes from.
  public func resizeArea(
    height: Int, width: Int, window: Box, into target: UnsafeMutableBufferPointer<UInt8>
  ) {
    let axes = Axes(box: bounds, height: height, width: width, window: window, part: box)
    precondition(
      box.holds(axes.reach(cc_area_reach)) && target.count == window.height * window.width * 3,
      "\(box) is not enough of the image, or \(target.count) bytes are not \(window)")
    cc_resize_area(base, stride, axes.rows, axes.columns, target.baseAddress)
  }

  /// Resizes the whole image, which has this part, to `height` x `width`, and writes the `window` of
  /// the result to `target`: by area as `resizeArea` does, else with the pixels of Pillow 13.
  ///
  /// Where an image becomes lower by more than twice the pixels by which it becomes narrower, Pillow
  /// up to 12 differs from that: in about an eighth of the values, by a level.
  ///
  /// Source: Pillow's documentation of resampling filters; pixels equal those of `Image.resize` on
  /// RGB images.
  ///
  /// - Parameter target: (window.height, window.width, 3) bytes; need not be initialized before, all
  ///   of it is after.
  /// - Precondition: the window is inside the result, and this part holds what it comes from.
  public func resize(
    by interpolation: Interpolation, height: Int, width: Int, window: Box,
    into target: UnsafeMutableBufferPointer<UInt8>
  ) {
    guard let filter = interpolation.filter else {
      return resizeArea(height: height, width: width, window: window, into: target)
    }
    let axes = Axes(box: bounds, height: height, width: width, window: window, part: box)
    precondition(
      box.holds(axes.reach(interpolation)) && target.count == window.height * window.width * 3,
      "\(box) is not enough of the image, or \(target.count) bytes are not \(window)")
    withUnsafeTemporaryAllocation(
      byteCount: cc_antialiased_memory(axes.rows, axes.columns, filter), alignment: 16
    ) { memory in
      cc_resize_antialiased(
        base, stride, axes.rows, axes.columns, filter, memory.baseAddress, target.baseAddress)
    }
  }
}

extension Interpolation {
  /// Pillow's filter; `nil` for areas.
  fileprivate var filter: Int32? {
    switch self {
    case .area: nil
    case .bilinear: Int32(CC_BILINEAR)
    case .bicubic: Int32(CC_BICUBIC)
    }
  }
}

extension Box {
  /// The part of the image that `PixelPart.resizeBilinear` of the same arguments reads.
  public func bilinearReach(height: Int, width: Int, window: Box? = nil) -> Box {
    let window = window ?? Box(y: 0, x: 0, height: height, width: width)
    return Axes(box: self, height: height, width: width, window: window, part: self)
      .reach(cc_bilinear_reach)
  }

  /// The part of an image with these bounds that `PixelPart.resize` of the same arguments reads.
  func reach(by interpolation: Interpolation, height: Int, width: Int, window: Box) -> Box {
    Axes(box: self, height: height, width: width, window: window, part: self).reach(interpolation)
  }

  fileprivate func holds(_ other: Box) -> Bool {
    other.y >= y && other.x >= x && other.y + other.height <= y + height
      && other.x + other.width <= x + width
  }
}

/// The two axes of a resize.
private struct Axes {
  let rows: cc_axis
  let columns: cc_axis
  private let box: Box

  /// - Parameter part: what of the image is at hand.
  init(box: Box, height: Int, width: Int, window: Box, part: Box) {
    precondition(window.fits(height: height, width: width), "\(window) is not in the result")
    self.box = box
    rows = cc_axis(
      input: Int32(box.height), output: Int32(height), start: Int32(window.y),
      count: Int32(window.height), first: Int32(part.y - box.y))
    columns = cc_axis(
      input: Int32(box.width), output: Int32(width), start: Int32(window.x),
      count: Int32(window.width), first: Int32(part.x - box.x))
  }

  func reach(_ interpolation: Interpolation) -> Box {
    guard let filter = interpolation.filter else { return reach(cc_area_reach) }
    return reach { cc_antialiased_reach($0, filter, $1, $2) }
  }

  func reach(
    _ ask: (cc_axis, UnsafeMutablePointer<Int32>, UnsafeMutablePointer<Int32>) -> Void
  ) -> Box {
    var (top, bottom, left, right): (Int32, Int32, Int32, Int32) = (0, 0, 0, 0)
    ask(rows, &top, &bottom)
    ask(columns, &left, &right)
    return Box(
      y: box.y + Int(top), x: box.x + Int(left), height: Int(bottom - top) + 1,
      width: Int(right - left) + 1)
  }
}
