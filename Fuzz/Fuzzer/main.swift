import CFuzzer
import Foundation
import FunMatchReaders
import FunMatchTorch

/// What the variable READER names, or a list of all for who names none; arguments are libFuzzer's.
func chosen() -> FuzzedReader {
  let name = ProcessInfo.processInfo.environment["READER"]
  if let name, let reader = FuzzedReader(rawValue: name) { return reader }
  print(FuzzedReader.allCases.map(\.rawValue).joined(separator: " "))
  exit(name == nil ? 0 : 2)
}

let reader = chosen()
// Files go through memory.
let memory = FileManager.default.fileExists(atPath: "/dev/shm") ? "/dev/shm" : "/tmp"
let folder = "\(memory)/funmatch-fuzz-\(getpid())"
try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
atexit { try? FileManager.default.removeItem(atPath: folder) }
Torch.threads = 1

var count = CommandLine.argc
var arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = CommandLine.unsafeArgv
let status = LLVMFuzzerRunDriver(&count, &arguments) { bytes, count in
  reader.read(UnsafeRawBufferPointer(start: bytes, count: count), in: folder) ? 0 : -1
}
exit(status)
