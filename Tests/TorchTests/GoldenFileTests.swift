import Foundation
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// The golden files, larger than the fixtures and written by other versions of NumPy, are read as
/// their README says.
@Suite(.enabled(if: FileManager.default.fileExists(atPath: Golden.path("mixup.npz"))))
struct GoldenFileTests {
  @Test func mixup() throws {
    let arrays = try Golden.npz("mixup.npz")
    let image = try #require(arrays["image"])
    let lambda = try #require(arrays["lam"])
    let labels = try #require(arrays["labels"])
    #expect(image.shape == [5, 2, 3, 3] && image.dtype == .f32)
    #expect(lambda.shape == [] && lambda.item >= 0.5 && lambda.item <= 1)
    #expect(arrays["partner_index"]?.array(as: Int64.self) == [4, 0, 1, 2, 3])
    // One-hot, mixed with the row before: a check of roll as well.
    let mixed = labels * lambda + labels.rolled(1) * (1 - lambda.item)
    #expect(maximumDifference(mixed, try #require(arrays["mixed_labels"])) < 1e-6)
  }

  @Test func deflatedWeights() throws {
    let weights = try Golden.npz("bit4_weights.npz")
    #expect(weights["resnet/head/conv2d/bias"]?.shape == [10])
    // Kernels lie on a lattice of 1/64 with an offset per filter, which a wrong byte would leave.
    let root = try #require(weights["resnet/root_block/standardized_conv2d/kernel"])
    let steps = (root - root.narrowed(0, 0..<1).narrowed(1, 0..<1).narrowed(2, 0..<1)) * 64
    let whole = steps.to(.i64).to(.f32)
    #expect(maximumDifference(steps, whole) < 1e-3)
  }

  @Test func loneArrayAndJSON() throws {
    let boxes = try Golden.npy("boxes_375x500_first2000.npy")
    #expect(boxes.shape == [2000, 4] && boxes.dtype == .i32)
    #expect(try !Golden.json("mixup_lambda_distribution.json").isEmpty)
  }
}
