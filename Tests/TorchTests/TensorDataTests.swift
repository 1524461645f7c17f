import FunMatchTestSupport
import FunMatchTorch
import Testing

@Suite struct TensorDataTests {
  @Test func roundTripsOfEveryElement() {
    #expect(Tensor([1.5, -2, .infinity] as [Float]).array(as: Float.self) == [1.5, -2, .infinity])
    #expect(Tensor([0.1, -1e300]).array(as: Double.self) == [0.1, -1e300])
    #expect(Tensor([Int64.min, .max]).array(as: Int64.self) == [.min, .max])
    #expect(Tensor([Int32.min, .max]).array(as: Int32.self) == [.min, .max])
    #expect(Tensor([0, 255] as [UInt8]).array(as: UInt8.self) == [0, 255])
    #expect(Tensor([true, false]).array(as: Bool.self) == [true, false])
    #expect(Tensor([1, 2] as [Float]).dtype == .f32)
    #expect(Tensor([1.0, 2]).dtype == .f64)
    #expect(Tensor([true]).dtype == .bool)
  }

  @Test func describesItself() {
    let tensor = Tensor.zeros([2, 3], dtype: .bf16)
    #expect(tensor.shape == [2, 3] && tensor.count == 6 && tensor.device == .cpu)
    #expect("\(tensor)" == "Tensor([2, 3], bf16, cpu)")
    #expect(Tensor.zeros([]).shape == [] && Tensor.zeros([]).count == 1)
    #expect(Tensor.zeros([0, 3]).count == 0 && Tensor.zeros([0, 3]).bytes == [])
    #expect(Tensor.full([2], 7, dtype: .i32).array(as: Int32.self) == [7, 7])
    #expect(Tensor.full([], 2.5).item == 2.5)
  }

  @Test(arguments: DType.allCases)
  func bytesOfEveryType(dtype: DType) {
    let tensor = Fixture.tensor([3, 4], dtype)
    #expect(tensor.dtype == dtype)
    #expect(tensor.bytes.count == 12 * dtype.size)
    let copy = tensor.bytes.withUnsafeBytes { Tensor(bytes: $0, shape: [3, 4], dtype: dtype) }
    #expect(same(copy, tensor))
    // All values of the fixture are exact in every type.
    let expected = Fixture.tensor([3, 4], dtype).array(as: Double.self)
    #expect(tensor.to(.f64).array(as: Double.self) == expected)
  }

  /// 1 + 2⁻⁸ lies half way between two bf16, 1 + 2⁻¹¹ between two f16: both round to even.
  @Test func halfPrecisionRoundsToNearestEven() {
    let values: [Float] = [1, 1.00390625, 1.01171875, -3.1415927, 3e38, 0x1p-133]
    #expect(
      Tensor(values).to(.bf16).bytes.chunked
        == [0x3f80, 0x3f80, 0x3f82, 0xc049, 0x7f62, 0x0001])
    let halves: [Float] = [1, 1.00048828125, 1.00146484375, -3.1415927, 65520, 6e-8]
    #expect(
      Tensor(halves).to(.f16).bytes.chunked == [0x3c00, 0x3c00, 0x3c02, 0xc248, 0x7c00, 0x0001])
    let back = Tensor(halves).to(.f16).array(as: Float.self)
    #expect(back == [1, 1, 1.001953125, -3.140625, .infinity, 5.9604645e-08])
  }

  @Test func layouts() {
    let tensor = Fixture.tensor([2, 3, 4, 5])
    #expect(!tensor.isChannelsLast)
    let last = tensor.channelsLast
    #expect(last.isChannelsLast && same(last, tensor))
    #expect(!last.contiguous.isChannelsLast && same(last.contiguous, tensor))
    #expect(same(tensor.permuted([0, 2, 3, 1]), last.permuted([0, 2, 3, 1])))
  }

  @Test func copiesAndSharing() {
    let tensor = Tensor([1, 2, 3] as [Float])
    let (clone, detached) = (tensor.clone(), tensor.detached())
    tensor.copy(from: Tensor([4.0, 5, 6]))
    #expect(tensor.array(as: Float.self) == [4, 5, 6])
    #expect(clone.array(as: Float.self) == [1, 2, 3])
    #expect(detached.array(as: Float.self) == [4, 5, 6])
  }

  @Test func shapes() {
    let tensor = Fixture.tensor([2, 3])
    #expect(tensor.reshaped([3, -1]).shape == [3, 2])
    #expect(tensor.reshaped([3, 2]).bytes == tensor.bytes)
    let row = Tensor([0, 1, 2, 3, 4, 5] as [Float], shape: [2, 3])
    #expect(row.permuted([1, 0]).array(as: Float.self) == [0, 3, 1, 4, 2, 5])
    #expect(row.narrowed(1, 1..<3).array(as: Float.self) == [1, 2, 4, 5])
    #expect(Tensor.concatenated([row, row.narrowed(0, 1..<2)]).shape == [3, 3])
    #expect(
      Tensor.concatenated([row, row], 1).array(as: Float.self)
        == [0, 1, 2, 0, 1, 2, 3, 4, 5, 3, 4, 5])
    #expect(row.selecting(Tensor([2, 0] as [Int64]), 1).array(as: Float.self) == [2, 0, 5, 3])
    #expect(
      row.gathered(Tensor([2, 1] as [Int64], shape: [2, 1])).array(as: Float.self) == [2, 4])
    #expect(
      Tensor([2, 0] as [Int64]).oneHot(3).array(as: Int64.self) == [0, 0, 1, 1, 0, 0])
    #expect(
      Tensor([7] as [Float], shape: [1, 1, 1, 1]).padded(1, value: -1).array(as: Float.self)
        == [-1, -1, -1, -1, 7, -1, -1, -1, -1])
  }

  @Test func rollsAsNumPyDoes() {
    let tensor = Tensor([0, 1, 2, 3, 4, 5] as [Float], shape: [3, 2])
    #expect(tensor.rolled(1).array(as: Float.self) == [4, 5, 0, 1, 2, 3])
    #expect(tensor.rolled(-1).array(as: Float.self) == [2, 3, 4, 5, 0, 1])
    #expect(tensor.rolled(1, 1).array(as: Float.self) == [1, 0, 3, 2, 5, 4])
  }
}

extension [UInt8] {
  /// Pairs of bytes as little-endian numbers.
  fileprivate var chunked: [UInt16] {
    stride(from: 0, to: count, by: 2).map { UInt16(self[$0]) | UInt16(self[$0 + 1]) << 8 }
  }
}
