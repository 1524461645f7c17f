import Foundation
import FunMatchImages
import FunMatchTestSupport
import FunMatchTorch
import Testing

/// `preprocess`, `data` and `bench input`, by the real binary.
struct ImageCommandTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    for name in ["cat", "dog"] {
      try FileManager.default.createDirectory(
        atPath: folder.file("set/\(name)"), withIntermediateDirectories: true)
      for number in 0..<3 {
        let image = photograph(height: 80 + number, width: 100, seed: number + name.count)
        _ = try folder.write("set/\(name)/\(number).jpg", image.jpegData())
      }
    }
  }

  @Test func preprocessWritesWhatANetworkSees() throws {
    let photo = folder.file("set/cat/1.jpg")
    let output = folder.file("out.npy")
    let evaluation = try Tool.run(
      "preprocess", photo, "--evaluation", "40,32", "--output", output, in: folder)
    #expect(evaluation.status == 0, "\(evaluation.errors)")
    let image = try ImageDecoder().decode(file: photo)
    let expected = try EvaluationPreprocessing(resize: 40, crop: 32).apply(to: image)
    let written = try Npy.read(output)
    #expect(written.shape == [32, 32, 3] && written.dtype == .u8)
    #expect(written.array(as: UInt8.self) == expected.pixels)

    let pillows = try Tool.run(
      "preprocess", photo, "--evaluation", "40,32", "--interpolation", "bicubic", "--output",
      output, in: folder)
    #expect(pillows.status == 0, "\(pillows.errors)")
    let cubic = EvaluationPreprocessing(resize: 40, crop: 32, interpolation: .bicubic)
    #expect(try Npy.read(output).array(as: UInt8.self) == cubic.apply(to: image).pixels)

    let box = try Tool.run(
      "preprocess", photo, "--box", "3,5,40,50", "--size", "24", "--output", output, in: folder)
    #expect(box.status == 0, "\(box.errors)")
    let crop = image.resizeBilinear(
      box: Box(y: 3, x: 5, height: 40, width: 50), height: 24, width: 24)
    #expect(try Npy.read(output).array(as: UInt8.self) == crop.pixels)
  }

  /// The official pipeline's own numbers, where its photographs are at hand.
  @Test func preprocessIsTensorFlows() throws {
    guard
      let index = try? Golden.json("preproc_index.json") as? [String: [String: Any]]
    else { return }
    for (id, entry) in index {
      let file = Golden.path(try #require(entry["file"] as? String))
      let arrays = try Golden.npz("preproc_\(id).npz")
      let output = folder.file("\(id).npy")
      let result = try Tool.run(
        "preprocess", file, "--evaluation", "256,224", "--output", output, in: folder)
      #expect(result.status == 0, "\(result.errors)")
      let expected = try #require(arrays["eval224_u8"]).array(as: UInt8.self)
      let values = try Npy.read(output).array(as: UInt8.self)
      #expect(values.count == expected.count)
      let different = zip(values, expected).count { $0 != $1 }
      #expect(Double(different) <= 0.01 * Double(expected.count), "\(id): \(different)")
      #expect(zip(values, expected).allSatisfy { abs(Int($0) - Int($1)) <= 1 })
    }
  }

  @Test func impossiblePreprocessingIsRefused() throws {
    let photo = folder.file("set/cat/1.jpg")
    let output = folder.file("none.npy")
    let outside = try Tool.run(
      "preprocess", photo, "--box", "70,0,40,50", "--size", "24", "--output", output, in: folder)
    #expect(outside.status == 1)
    #expect(
      outside.errors.hasPrefix("funmatch: \(photo): cannot crop or resize the image: the box"))
    let missing = try Tool.run(
      "preprocess", folder.file("x.jpg"), "--evaluation", "40,32", "--output", output, in: folder)
    #expect(missing.status == 1 && missing.errors.contains("x.jpg"))
    for wrong in [
      ["--evaluation", "40"], ["--box", "1,2,3,4"], [], ["--evaluation", "a,b"],
      ["--evaluation", "30,40"], ["--evaluation", "100000,10"],
      ["--evaluation", "40,32", "--interpolation", "nearest"],
      ["--box", "0,0,4,5", "--size", "3", "--interpolation", "bicubic"],
    ] {
      let result = try Tool.run(["preprocess", photo, "--output", output] + wrong, in: folder)
      #expect(result.status == 64, "\(wrong)")
    }
    #expect(!FileManager.default.fileExists(atPath: output))
  }

  /// The one that HOME names, whatever the system's list of users says.
  @Test func homeIsWhereItIsSaidToBe() throws {
    let folder = try TemporaryFolder()
    try FileManager.default.createDirectory(
      atPath: folder.file("home/photos"), withIntermediateDirectories: true)
    _ = try folder.write(
      "home/photos/1.jpg", photograph(height: 20, width: 20, seed: 1).jpegData())
    let process = try Tool.start(
      ["data", "verify", "photos:~/photos"], in: folder,
      environment: ["HOME": folder.file("home")])
    let result = try Tool.result(of: process, in: folder)
    #expect(result.status == 0 && result.output.contains("1 images"), "\(result.errors)")
  }

  @Test func dataSetsAreListedVerifiedAndShown() throws {
    let list = try Tool.run("data", "list", "--json", in: folder)
    #expect(list.status == 0 && list.output.contains("flowers102"))
    let set = "folder:\(folder.file("set"))"
    let whole = try Tool.run("data", "verify", set, in: folder)
    #expect(whole.status == 0, "\(whole.errors)")
    #expect(whole.output.contains("6 images, 2 classes"))
    let preview = try Tool.run(
      "data", "preview", set, "--output", folder.file("p.png"), in: folder)
    #expect(preview.status == 0, "\(preview.errors)")
    let sheet = try ImageDecoder().decode(file: folder.file("p.png"))
    #expect(sheet.width == 10 + 6 * 170)

    let bytes = try folder.bytes("set/dog/2.jpg")
    _ = try folder.write("set/dog/2.jpg", Array(bytes.dropLast(200)))
    let broken = try Tool.run("data", "verify", set, in: folder)
    #expect(broken.status == 1)
    #expect(broken.output.contains("set/dog/2.jpg: cannot decode the image"))
    #expect(broken.errors.contains("1 fault was found"))
    let terms = try Tool.run("data", "fetch", "imagenet", in: folder)
    #expect(terms.status == 1 && terms.errors.contains("image-net.org"))
    let unknown = try Tool.run("data", "fetch", "imagenette", in: folder)
    #expect(unknown.status == 1 && unknown.errors.contains("flowers102"))
  }

  @Test func inputSpeedIsMeasured() throws {
    let result = try Tool.run(
      "bench", "input", "--data", "folder:\(folder.file("set"))", "--rounds", "1", "--json",
      in: folder)
    #expect(result.status == 0, "\(result.errors)")
    let last = try #require(result.output.split(separator: "\n").last)
    let object = try #require(
      try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Double])
    for key in [
      "imagesPerSecondPerCore", "decodeShare", "resizeShare", "loaderImagesPerSecond", "images",
    ] {
      #expect(object[key] ?? 0 > 0, "\(key)")
    }
    #expect((object["decodeShare"] ?? 1) + (object["resizeShare"] ?? 1) <= 1)
  }
}
