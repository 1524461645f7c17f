internal import COpenVINO
import Foundation
import FunMatchTorch

/// A graph that OpenVINO has compiled: one array of images in, logits out.
final class CompiledNetwork {
  private let openVINO: OpenVINO
  private let compiled: OpaquePointer
  private let request: OpaquePointer
  private let lock = NSLock()

  /// Compiles what OpenVINO has read.
  ///
  /// - Parameters:
  ///   - model: freed in any case.
  ///   - precision: f32, bf16 or f16.
  /// - Throws: `TorchError` when OpenVINO cannot.
  init(_ model: OpaquePointer, _ precision: DType, _ openVINO: OpenVINO) throws {
    let functions = openVINO.functions
    defer { functions.ov_model_free(model) }
    var (compiled, request): (OpaquePointer?, OpaquePointer?)
    let status = "\(precision)".withCString { precision in
      "\(Torch.threads)".withCString { threads in
        withUnsafePointer(to: functions) {
          cov_compile(
            $0, openVINO.core, model, cov_settings(precision: precision, threads: threads),
            &compiled)
        }
      }
    }
    guard status == 0, let compiled else {
      throw openVINO.failure(
        "compiling the network with OpenVINO", "OpenVINO cannot compile the network")
    }
    guard functions.ov_compiled_model_create_infer_request(compiled, &request) == 0, let request
    else {
      functions.ov_compiled_model_free(compiled)
      throw openVINO.failure(
        "running the network with OpenVINO", "OpenVINO cannot run the network")
    }
    (self.openVINO, self.compiled, self.request) = (openVINO, compiled, request)
  }

  deinit {
    openVINO.functions.ov_infer_request_free(request)
    openVINO.functions.ov_compiled_model_free(compiled)
  }

  /// Logits (N, classes), f32, of images (N, …), f32 or u8, which are read where they lie, `batchSize` at a time. The last are
  /// computed beside zeros.
  func callAsFunction(_ images: Tensor, classes: Int, batchSize: Int) -> Tensor {
    let (count, images) = (images.shape[0], images.contiguous)
    let whole = count / batchSize * batchSize
    let parts = whole > 0 ? [compute(images, whole, classes, batchSize)] : []
    guard whole < count else { return parts[0] }
    let rest = images.narrowed(0, whole..<count)
    let padding = Tensor.zeros(
      [batchSize - rest.shape[0]] + rest.shape.dropFirst(), dtype: images.dtype)
    let last = compute(.concatenated([rest, padding]), batchSize, classes, batchSize)
      .narrowed(0, 0..<count - whole)
    return parts.isEmpty ? last.contiguous : .concatenated(parts + [last])
  }

  /// Of the first `count` images, whole batches. What was compiled does not fail but for want of memory, which ends the
  /// program as it does in libtorch.
  private func compute(
    _ images: Tensor, _ count: Int, _ classes: Int, _ batchSize: Int
  ) -> Tensor {
    let logits = Tensor.zeros([count, classes])
    let shape = [batchSize] + images.shape.dropFirst()
    let (image, row) = (
      shape.reduce(1, *) * images.dtype.size, batchSize * classes * MemoryLayout<Float>.size
    )
    lock.withLock {
      images.withMemory { input in
        logits.withMemory { output in
          guard let input = input.baseAddress, let output = output.baseAddress else { return }
          for part in 0..<count / batchSize {
            do {
              try infer(
                images.dtype, shape, input + part * image, [batchSize, classes],
                output + part * row)
            } catch {
              Torch.end("\(error)")
            }
          }
        }
      }
    }
    return logits
  }

  /// From images where they lie to where their logits belong.
  private func infer(
    _ type: DType, _ shape: [Int], _ input: UnsafeMutableRawPointer, _ logitsShape: [Int],
    _ output: UnsafeMutableRawPointer
  ) throws {
    let functions = openVINO.functions
    let images = try tensor(type, shape, input)
    defer { functions.ov_tensor_free(images) }
    let logits = try tensor(.f32, logitsShape, output)
    defer { functions.ov_tensor_free(logits) }
    guard functions.ov_infer_request_set_input_tensor(request, images) == 0,
      functions.ov_infer_request_set_output_tensor_by_index(request, 0, logits) == 0,
      functions.ov_infer_request_infer(request) == 0
    else { throw failedPass(shape, type) }
  }

  private func failedPass(_ shape: [Int], _ type: DType) -> TorchError {
    openVINO.failure(
      "a forward pass of OpenVINO over \(shape) \(type)", "a forward pass of OpenVINO failed")
  }

  /// The shape of the first thing that comes out of a forward pass over such images.
  ///
  /// - Throws: `TorchError` when the pass fails, or that is not f32.
  func outputShape(of images: Tensor) throws -> [Int] {
    let functions = openVINO.functions
    return try images.contiguous.withMemory { memory in
      guard let start = memory.baseAddress else { throw TorchError("no images") }
      let input = try tensor(images.dtype, images.shape, start)
      defer { functions.ov_tensor_free(input) }
      var (output, type): (OpaquePointer?, cov_element_type) = (nil, 0)
      guard functions.ov_infer_request_set_input_tensor(request, input) == 0,
        functions.ov_infer_request_infer(request) == 0,
        functions.ov_infer_request_get_output_tensor_by_index(request, 0, &output) == 0
      else { throw failedPass(images.shape, images.dtype) }
      defer { functions.ov_tensor_free(output) }
      var shape = cov_shape(rank: 0, dims: nil)
      guard functions.ov_tensor_get_element_type(output, &type) == 0,
        functions.ov_tensor_get_shape(output, &shape) == 0
      else { throw failedPass(images.shape, images.dtype) }
      defer { _ = functions.ov_shape_free(&shape) }
      guard type == cov_element_type(COV_F32) else { throw TorchError("its output is not float32") }
      return (0..<Int(shape.rank)).map { Int(shape.dims[$0]) }
    }
  }

  /// OpenVINO's word for an array that lies here.
  private func tensor(
    _ type: DType, _ shape: [Int], _ start: UnsafeMutableRawPointer
  ) throws -> OpaquePointer {
    var (tensor, sides): (OpaquePointer?, [Int64]) = (nil, shape.map(Int64.init))
    let status = sides.withUnsafeMutableBufferPointer {
      openVINO.functions.ov_tensor_create_from_host_ptr(
        cov_element_type(type == .u8 ? COV_U8 : COV_F32),
        cov_shape(rank: Int64($0.count), dims: $0.baseAddress), start, &tensor)
    }
    guard status == 0, let tensor else { throw failedPass(shape, type) }
    return tensor
  }
}
