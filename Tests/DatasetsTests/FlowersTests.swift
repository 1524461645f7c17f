import Foundation
import FunMatchDatasets
import FunMatchTestSupport
import Testing

struct FlowersTests {
  private func layout(_ mat: String, in folder: String = "flowers102") throws -> Layout {
    let layout = try Layout()
    try layout.images((1...6).map { "\(folder)/jpg/image_0000\($0).jpg" })
    for file in ["imagelabels.mat", "setid.mat"] {
      try layout.copy("\(mat)/\(file)", to: "\(folder)/\(file)")
    }
    return layout
  }

  @Test(arguments: ["plain", "compressed", "big-endian"])
  func splitsAndLabelsAreThoseOfTheLists(mat: String) throws {
    let layout = try layout(mat)
    let root = layout.path + "/flowers102/jpg/"
    let train = try layout.open("flowers102")
    #expect(
      train.classes(after: root)
        == ["image_00001.jpg": "passion flower", "image_00004.jpg": "canterbury bells"])
    #expect(try layout.open("flowers102:validation").labels == [0])
    #expect(try layout.open("flowers102:val").labels == [0])
    let test = try layout.open("flowers102:test")
    #expect(
      test.classes(after: root) == [
        "image_00003.jpg": "blackberry lily", "image_00005.jpg": "pink primrose",
        "image_00006.jpg": "lenten rose",
      ])
    #expect(test.classNames.count == 102)
    layout.expectError("flowers102:all", "train, validation and test", "'all'")
  }

  @Test func foldersOfOtherToolsAreFound() throws {
    for folder in ["flowers-102", "oxford_flowers102", "flowers102/102flowers", "."] {
      #expect(try layout("plain", in: folder).open("flowers102:test").count == 3)
    }
  }

  @Test func whatIsMissingIsNamed() throws {
    let empty = try Layout()
    empty.expectError(
      "flowers102", empty.path + " or the folders flowers102, flowers-102",
      "--data-dir",
      "funmatch data fetch flowers102")
    let layout = try layout("plain")
    try layout.remove("flowers102/jpg/image_00005.jpg")
    layout.expectError("flowers102:test", "jpg/image_00005.jpg is missing", "setid.mat")
    #expect(try layout.open("flowers102:train").count == 2)
    try layout.remove("flowers102/setid.mat")
    layout.expectError("flowers102:train", "/setid.mat is missing", "imagelabels.mat")
  }

  @Test func filesThatDoNotFitAreRefused() throws {
    let layout = try layout("plain")
    try layout.copy("plain/setid.mat", to: "flowers102/imagelabels.mat")
    layout.expectError("flowers102", "imagelabels.mat", "no variable 'labels'")
    try layout.copy("plain/meta.mat", to: "flowers102/imagelabels.mat")
    try layout.write("flowers102/imagelabels.mat", "MATLAB 7.3 MAT-file")
    layout.expectError("flowers102", "imagelabels.mat", "version 7.3")
    try layout.write("flowers102/imagelabels.mat", "no MATLAB")
    layout.expectError("flowers102", "imagelabels.mat", "header")
  }

  /// A MATLAB file of one row of numbers.
  private func mat(_ name: String, _ numbers: [Double]) -> [UInt8] {
    func words(_ values: Int...) -> [UInt8] {
      values.flatMap { value in (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) } }
    }
    let letters = Array(name.utf8)
    let body =
      words(6, 8, 6, 0, 5, 8, 1, numbers.count, 1, letters.count) + letters
      + [UInt8](repeating: 0, count: (8 - letters.count % 8) % 8) + words(9, 8 * numbers.count)
      + numbers.flatMap { number in
        (0..<8).map { UInt8(truncatingIfNeeded: number.bitPattern >> (8 * $0)) }
      }
    return [UInt8](repeating: 0x20, count: 124) + [0, 1] + Array("IM".utf8)
      + words(14, body.count) + body
  }

  @Test func numbersBeyondAllImagesAreRefused() throws {
    let layout = try layout("plain")
    try layout.write("flowers102/setid.mat", mat("trnid", [4]))
    #expect(try layout.open("flowers102:train").count == 1)
    for number in [-0x1p63, -1, 0, 7, 0x1p62] {
      try layout.write("flowers102/setid.mat", mat("trnid", [4, number]))
      layout.expectError("flowers102:train", "setid.mat: names image \(Int(number))")
    }
    try layout.write("flowers102/imagelabels.mat", mat("labels", [-0x1p63]))
    layout.expectError("flowers102:train", "imagelabels.mat: 'labels' are not classes")
    try layout.write("flowers102/imagelabels.mat", mat("labels", []))
    layout.expectError("flowers102:train", "setid.mat")
  }

  /// Every byte changed, and every length: the reader must come to an answer or a sentence.
  @Test(arguments: ["plain", "compressed", "big-endian"])
  func hostileFilesDoNoHarm(mat: String) throws {
    let layout = try layout(mat)
    for file in ["imagelabels.mat", "setid.mat"] {
      let bytes = try Fixture.bytes("\(mat)/\(file)")
      func attempt(_ damaged: [UInt8]) throws {
        try layout.write("flowers102/\(file)", damaged)
        do {
          _ = try layout.open("flowers102:train")
        } catch let error as DatasetError {
          #expect(error.description.contains(".mat"))
        }
      }
      for position in 120..<bytes.count {
        for value in [0, 1, 0x7f, 0xff, bytes[position] ^ 0x80, bytes[position] &+ 1] {
          var damaged = bytes
          damaged[position] = value
          try attempt(damaged)
        }
      }
      for count in 0..<bytes.count { try attempt(Array(bytes[..<count])) }
      try layout.write("flowers102/\(file)", bytes)
    }
  }
}
