import FunMatchDatasets
import FunMatchTestSupport
import Testing

/// What lies in place of a data set's files is named.
struct ForeignFilesTests {
  @Test(arguments: [
    ("", "is empty"), ("<!doctype html><html></html>", "is a web page (HTML)"),
    ("version https://git-lfs.github.com/spec/v1\nsize 5\n", "is a Git LFS pointer"),
  ])
  func itIsNamed(text: String, words: String) throws {
    let layout = try Layout()
    try layout.write("x.tar", text)
    layout.expectError("tar:\(layout.folder.file("x.tar"))", "x.tar: \(words)")
    let package = "fashion-mnist/t10k-"
    for name in ["images-idx3-ubyte.gz", "labels-idx1-ubyte.gz"] {
      try layout.write(package + name, text)
    }
    for name in ["images-idx3-ubyte.gz", "labels-idx1-ubyte.gz"] {
      try layout.write("fashion-mnist/train-" + name, text)
    }
    layout.expectError("fashion-mnist:test", "t10k-images-idx3-ubyte.gz: \(words)")
    try layout.write("flowers102/jpg/image_00001.jpg", picture())
    for name in ["imagelabels.mat", "setid.mat"] { try layout.write("flowers102/" + name, text) }
    layout.expectError("flowers102:train", ".mat: \(words)")
    try layout.write("cifar10/batches.meta.txt", "a\nb\n")
    for name in (1...5).map({ "data_batch_\($0).bin" }) + ["test_batch.bin"] {
      try layout.write("cifar10/" + name, text)
    }
    layout.expectError("cifar10:test", "test_batch.bin: \(words)")
  }
}
