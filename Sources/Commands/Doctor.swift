import ArgumentParser
import Foundation
import FunMatchDatasets
import FunMatchFiles
import FunMatchFrozen
import FunMatchImages
import FunMatchRuns
import FunMatchSettings
import FunMatchTorch

/// `funmatch doctor`: what the tool finds on this machine.
struct Doctor: RegistryCommand {
  static let configuration = CommandConfiguration(
    abstract: "Show what is here: libtorch, devices, CPU features, programs, data sets.")

  @OptionGroup var images: DataOptions

  func run(_ registry: Registry) throws {
    func line(_ name: String, _ value: String) {
      print(name.padding(toLength: 16, withPad: " ", startingAt: 0) + value)
    }
    line("funmatch", RunEnvironment.version)
    line("libtorch", Torch.version)
    switch OpenVINO.found {
    case .success(let found):
      line("openvino", "\(found.version), \(found.capabilities.joined(separator: " "))")
    case .failure(let reason): line("openvino", "\(reason): libtorch computes everything")
    }
    line("CPU kernels", Torch.cpuCapability)
    line("threads", "\(Torch.threads) in libtorch, \(Torch.kernelThreads) in our own kernels")
    for (name, device) in [("cuda", Device.cuda(0)), ("mps", .mps)] {
      line(name, device.count > 0 ? "\(device.count) found" : "none found")
    }
    line("--device auto", Device.automatic.description)
    line("gnuplot", Self.program("gnuplot") ?? "not found: runs draw no figures")
    line("images", ImageFormat.allCases.map(\.rawValue).joined(separator: ", "))
    let datasets = images.datasets(registry)
    for card in datasets.cards {
      let name = card.name
      do {
        let splits = try card.splits.map { split in
          let reference = try DatasetReference("\(name):\(split.name)")
          return "\(split.name) \(NumberText.grouped(try datasets.open(reference).count))"
        }
        line(name, splits.joined(separator: ", "))
      } catch let error as DatasetError where error.isAbsence {
        line(name, "not here")
      } catch {
        line(name, "\(error)")
      }
    }
  }

  /// Where a program lies in the search path.
  private static func program(_ name: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return path.split(separator: ":").map { "\($0)/\(name)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }
}
