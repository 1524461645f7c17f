internal import CTorch
import Foundation
import FunMatchFiles

/// A network that PyTorch saved as a program, run in this process by libtorch.
///
/// **Such a file is code, not data.** It can do whatever the user who runs it can do, and an
/// AOTInductor package, which is a compiled library, does so when it is loaded. Open only files
/// that you would also execute; whoever takes a path from a user asks for that consent first.
///
/// A program computes in the types and on the kind of device that it was saved with, without
/// gradients. Equal input gives equal output, from the first run on. On the CPU, libtorch's
/// operators use `Torch.threads` threads; the loops compiled into a package use as many as PyTorch
/// had when it compiled them.
public final class TorchProgram {
  /// In which form PyTorch saved the network.
  public enum Format: String, CaseIterable, Sendable {
    /// `torch.jit.save` of a traced or scripted module: `.pt`, for any device.
    case torchScript
    /// `torch._inductor.aoti_compile_and_package`: `.pt2`, compiled for one kind of device and CPU,
    /// one image size, and the batch sizes that its export allows.
    case aotInductor
  }

  /// The file.
  public let path: String
  /// What kind of file it is.
  public let format: Format
  /// Where it runs, and where its input has to be.
  public let device: Device
  /// Images that it is given at once; `nil` for as many as there are.
  public let batchSize: Int?

  private let handle: ct_program

  /// Loads the program.
  ///
  /// - Parameter batchSize: For a program that takes just so many images: more are handed over in
  ///   turn, fewer are filled up with zeros. From 1 on; `nil` for a program that takes any number.
  /// - Throws: `TorchError` that names the file when it cannot be read, is of another kind, was
  ///   compiled for another device, or libtorch refuses it.
  public init(path: String, format: Format, device: Device, batchSize: Int? = nil) throws {
    precondition(batchSize.map { $0 >= 1 } ?? true, "a batch has at least one image")
    let names = try ZipArchive(path).entries.map(\.name)
    guard names.contains(where: format.marks) else {
      throw TorchError("'\(path)' is no \(format.description)")
    }
    var program = ct_program(pointer: nil)
    let status =
      switch format {
      case .torchScript: ct_script_load(path, device.handle, &program)
      case .aotInductor: ct_package_load(path, device.handle, &program)
      }
    guard status == CT_OK else {
      throw TorchError("'\(path)' cannot be loaded for \(device): \(Self.reason)")
    }
    (self.path, self.format, self.device, self.batchSize) = (path, format, device, batchSize)
    handle = program
  }

  deinit { ct_program_free(handle) }

  /// What the program makes of (N, C, H, W) `images`: its output or, where it has several, the
  /// first one, of N rows.
  ///
  /// - Throws: `TorchError` that names the file when the program refuses the images or gives
  ///   something other than a row for each.
  public func callAsFunction(_ images: Tensor) throws -> Tensor {
    let count = images.shape.first ?? 0
    guard let batchSize, count > 0 else { return try run(images) }
    let pieces = try stride(from: 0, to: count, by: batchSize).map { start in
      let present = min(batchSize, count - start)
      let piece = images.narrowed(0, start..<start + present)
      guard present < batchSize else { return try run(piece) }
      let shape = [batchSize - present] + images.shape.dropFirst()
      let filling = Tensor.zeros(shape, dtype: images.dtype, device: images.device)
      return try run(.concatenated([piece, filling])).narrowed(0, 0..<present)
    }
    return pieces.count == 1 ? pieces[0] : .concatenated(pieces)
  }

  private func run(_ images: Tensor) throws -> Tensor {
    var result = ct_tensor.absent
    guard ct_program_run(handle, images.handle, &result) == CT_OK else {
      throw TorchError("'\(path)' cannot be run on \(images): \(Self.reason)")
    }
    let output = Tensor(owning: result)
    guard output.shape.first == images.shape.first else {
      throw TorchError(
        "'\(path)' gives \(output) for \(images), expected a row for each image: "
          + "was it saved for one batch size?")
    }
    return output
  }

  /// Tries the program on made-up images, so that what does not fit is found before it is needed.
  ///
  /// Besides a batch of `shape` it gets the first image alone, since a last batch may be smaller,
  /// and has to say the same of it: a network that was saved in training mode does not.
  ///
  /// - Parameters:
  ///   - shape: (N, C, H, W) of the batches to come, N from 1 on.
  ///   - classes: Logits an image that are expected.
  /// - Throws: `TorchError` that names the file and what was expected.
  public func check(shape: [Int], classes: Int) throws {
    let values = (0..<shape.reduce(1, *)).map { (index: Int) -> Float in
      Float(index * 7919 % 1009) / 504 - 1
    }
    let images = Tensor(values, shape: shape).to(device)
    let together = try self(images)
    guard together.shape == [shape[0], classes] else {
      throw TorchError(
        "'\(path)' gives \(together) for \(images), expected logits of \(classes) classes")
    }
    let alone: Tensor
    do {
      alone = try self(images.narrowed(0, 0..<1)).to(.f64)
    } catch let error as TorchError {
      throw TorchError(
        "\(error); `batchSize` is for a program that takes just so many images")
    }
    let first = together.narrowed(0, 0..<1).to(.f64)
    let difference = (alone - first).magnitude().array(as: Double.self).max() ?? 0
    let size = first.magnitude().array(as: Double.self).max() ?? 0
    // Types of half precision stay well below; batch statistics are far beyond.
    guard difference <= 0.05 * size else {
      throw TorchError(
        "'\(path)' gives an image other logits alone than in a batch of \(shape[0]) "
          + "(off by \(difference), logits up to \(size)): was it saved in training mode?")
    }
  }

  /// Of what libtorch said, the line that tells what was wrong.
  private static var reason: String {
    let lines = String(cString: ct_last_error()).split(whereSeparator: \.isNewline).map(String.init)
    // TorchScript's interpreter opens with a trace of the program; the cause comes last.
    let isTrace = lines.first?.hasPrefix("The following operation failed in") == true
    let line = (isTrace ? lines.last : lines.first) ?? "libtorch does not say why"
    let cause = line.components(separatedBy: " This is an internal miniz error")[0]
    return cause.hasPrefix("Error: ") ? String(cause.dropFirst(7)) : cause
  }
}

extension TorchProgram.Format {
  /// Whether an archive with such an entry is of this kind.
  fileprivate func marks(_ entry: String) -> Bool {
    switch self {
    case .torchScript: entry.hasSuffix("/constants.pkl")
    case .aotInductor: entry.contains("data/aotinductor/model/") && entry.hasSuffix(".so")
    }
  }

  fileprivate var description: String {
    switch self {
    case .torchScript:
      "TorchScript module: it has no entry 'constants.pkl', which torch.jit.save writes"
    case .aotInductor:
      "AOTInductor package: it has no entry 'data/aotinductor/model/*.so', which "
        + "torch._inductor.aoti_compile_and_package writes"
    }
  }
}
