import FunMatchTorch
import FunMatchViews

/// Images of a step on the device, mixed: what the networks are given. All of the step's, or some rows
/// of them where it is made in parts; partners are those of the whole step.
public struct Batch {
  /// Images for the student by resolution: (N, 3, resolution, resolution), f32 in [-1, 1], channels
  /// side by side in memory.
  public let student: [Int: Tensor]
  /// Images for the teachers likewise; where they share the student's views, the very same tensors.
  public let teacher: [Int: Tensor]
  /// Which rows of the step's images these are.
  public let rows: Range<Int>
  /// Number of images of the whole step.
  public let stepCount: Int
  /// Places of the images in their data set.
  public let indices: [Int]
  /// Places of those that they are mixed with.
  public let partners: [Int]
  /// Class of each image; `nil` where nobody labelled it.
  public let labels: [Int?]
  /// Class of each partner.
  public let partnerLabels: [Int?]
  /// Share of an image itself in its mixture, in [0.5, 1].
  public let lambda: Double

  /// Brings views to the device, scales and mixes them.
  ///
  /// - Parameter rows: which of the step's; all without it.
  /// - Precondition: these were drawn, and where they are mixed their partners, too.
  public init(_ views: ImageBatch, rows: Range<Int>? = nil, lambda: Double, device: Device) {
    let rows = rows ?? 0..<views.stepCount
    // Neighbours that were drawn are neighbours in memory, too.
    guard let first = views.place(of: rows.lowerBound) else {
      preconditionFailure("row \(rows.lowerBound) was not drawn")
    }
    let own = first..<first + rows.count
    let partner = views.place(of: Mixup.partner(of: rows.lowerBound, count: views.stepCount))
    precondition(partner != nil || lambda == 1, "the partner of row \(first) was not drawn")
    let others = partner.map { [$0] + own.dropLast() } ?? Array(own)
    func mixed(_ pixels: [Int: Pixels]) -> [Int: Tensor] {
      pixels.mapValues {
        Batch.mixed($0, own, firstPartner: others[0], lambda: lambda, device: device)
      }
    }
    self.rows = rows
    stepCount = views.stepCount
    student = mixed(views.student)
    teacher = views.teacher.isEmpty ? student : mixed(views.teacher)
    indices = own.map { views.indices[$0] }
    labels = own.map { views.labels[$0] }
    partners = others.map { views.indices[$0] }
    partnerLabels = others.map { views.labels[$0] }
    self.lambda = lambda
  }

  /// - Parameter firstPartner: where the partner of the first of these places is; that of any other is the one before it.
  private static func mixed(
    _ pixels: Pixels, _ places: Range<Int>, firstPartner: Int, lambda: Double, device: Device
  ) -> Tensor {
    func scaled(_ rows: Range<Int>) -> Tensor { self.scaled(pixels, rows: rows, device: device) }
    if lambda == 1 { return scaled(places) }
    if places.count == pixels.count {
      let images = scaled(places)
      return Mixup.mix(images, images.rolled(1), lambda: lambda)
    }
    let images =
      firstPartner == places.lowerBound - 1
      ? scaled(firstPartner..<places.upperBound)
      : .concatenated([scaled(firstPartner..<firstPartner + 1), scaled(places)]).channelsLast
    return Mixup.mix(
      images.narrowed(0, 1..<places.count + 1), images.narrowed(0, 0..<places.count),
      lambda: lambda)
  }
}
