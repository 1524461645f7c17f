import ArgumentParser
import FunMatchFiles
import FunMatchImages
import FunMatchTorch

/// `funmatch preprocess`: the pixels that a network would be given of one image.
struct Preprocess: ParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Write an image as a network sees it: uint8 (H, W, 3), before scaling to [-1, 1].",
    usage: """
      funmatch preprocess IMAGE --evaluation RESIZE,CROP [--interpolation HOW] --output OUT.npy
      funmatch preprocess IMAGE --box Y,X,H,W --size S [--flip] --output OUT.npy
      """)

  @Argument(help: "An image: \(ImageFormat.list).", completion: .file())
  var image: String

  @Option(
    help: ArgumentHelp("Resize the short side, then cut out the middle.", valueName: "resize,crop"))
  var evaluation: String?

  @Option(
    help: ArgumentHelp(
      "How --evaluation resizes: area (the default), or bilinear or bicubic as Pillow does.",
      valueName: "how"))
  var interpolation: Interpolation?

  @Option(
    help: ArgumentHelp("The box to cut out, in pixels of the image.", valueName: "y,x,h,w"))
  var box: String?

  @Option(help: "Side that the box is resized to, bilinear without antialiasing.")
  var size: Int?

  @Flag(help: "Mirror the box left to right.")
  var flip = false

  @OptionGroup var decoding: DecodingOptions

  @Option(help: "Where the pixels go: .npy, or .png to look at.")
  var output: String

  func validate() throws {
    guard (evaluation == nil) != (box == nil) else {
      throw ValidationError("give either --evaluation or --box")
    }
    guard (box == nil) == (size == nil) else {
      throw ValidationError("--box and --size belong together")
    }
    guard box != nil || !flip else { throw ValidationError("--flip is for --box") }
    guard evaluation != nil || interpolation == nil else {
      throw ValidationError("--interpolation is for --evaluation")
    }
    if let evaluation {
      let sizes = try Self.numbers(evaluation, 2, "--evaluation")
      guard (1...16_384).contains(sizes[1]), (sizes[1]...16_384).contains(sizes[0]) else {
        throw ValidationError("--evaluation \(evaluation): needs 1 <= crop <= resize <= 16384")
      }
    }
    if let box { _ = try Self.numbers(box, 4, "--box") }
    guard isPicture || output.lowercased().hasSuffix(".npy") || output.hasPrefix("/dev/") else {
      throw ValidationError("--output \(output): must end in .npy or .png")
    }
    guard (1...16_384).contains(size ?? 1) else {
      throw ValidationError("--size must be between 1 and 16384")
    }
  }

  func run() throws {
    let pixels: PixelImage
    do {
      pixels = try prepare(try decoding.decoder.decode(file: image))
    } catch var error as ImageError where error.file == nil {
      error.file = image
      throw error
    }
    if isPicture {
      try AtomicFile.write(to: output, try pixels.pngData())
    } else {
      try Npy.write(
        Tensor(pixels.pixels, shape: [pixels.height, pixels.width, 3]), to: output)
    }
  }

  private var isPicture: Bool { output.lowercased().hasSuffix(".png") }

  private func prepare(_ image: PixelImage) throws -> PixelImage {
    if let evaluation {
      let sizes = try Self.numbers(evaluation, 2, "--evaluation")
      return try EvaluationPreprocessing(
        resize: sizes[0], crop: sizes[1], interpolation: interpolation ?? .area
      ).apply(to: image)
    }
    let sides = try Self.numbers(box ?? "", 4, "--box")
    let box = Box(y: sides[0], x: sides[1], height: sides[2], width: sides[3])
    try image.check(box)
    let size = size ?? 0
    return image.resizeBilinear(box: box, height: size, width: size, flip: flip)
  }

  private static func numbers(_ text: String, _ count: Int, _ name: String) throws -> [Int] {
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false)
      .compactMap { Int($0) }
    guard numbers.count == count, numbers.allSatisfy({ $0 >= 0 && $0 < 1 << 24 }) else {
      throw ValidationError("\(name) \(text): expected \(count) whole numbers with commas between")
    }
    return numbers
  }
}

extension Interpolation: ExpressibleByArgument {}
