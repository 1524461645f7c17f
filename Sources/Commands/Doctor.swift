import ArgumentParser
import Foundation
import FunMatchDatasets
import FunMatchFiles
import FunMatchFrozen
import FunMatchImages
import FunMatchRecipes
import FunMatchRuns
import FunMatchSettings
import FunMatchStudies
import FunMatchTorch

/// `funmatch doctor`: what the tool finds on this machine.
struct Doctor: RegistryCommand {
  static let configuration = CommandConfiguration(
    abstract:
      "Show what is here: libtorch, devices, CPU features, programs, data sets; or verify a run's folder."
  )

  @Argument(help: "A run's folder, or a study's, of which every file is read and verified.")
  var run: String?

  @OptionGroup var images: DataOptions

  func run(_ registry: Registry) throws {
    if let run { return try verify(run, registry) }
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
    let hasHEIF = ImageFormat.heif.isDecoded
    line("images", ImageFormat.list + (hasHEIF ? "" : " (HEIF and AVIF: built without libheif)"))
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

  private func verify(_ folder: String, _ registry: Registry) throws {
    let study = StudyFolder(folder)
    let isStudy = FileManager.default.fileExists(atPath: study.result)
    var faults = 0
    func tell(_ name: String, _ words: String, isFault: Bool) {
      print("\(isFault ? "FAULT " : "ok    ")\(name): \(words)".printable)
      faults += isFault ? 1 : 0
    }
    guard isStudy else {
      for found in try RunVerifier(RunFolder(folder), registry: registry).findings() {
        tell(found.name, found.words, isFault: found.isFault)
      }
      return try conclude(folder, faults)
    }
    let isWhole = StudyResult(path: study.result) != nil
    tell(
      RunFolder.studyResult, isWhole ? "whole" : "is damaged, or was changed by hand",
      isFault: !isWhole)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: study.students)) ?? []
    for name in names.sorted() {
      let trunk = study.trunk(name)
      let hasTrunk = FileManager.default.fileExists(atPath: trunk.path)
      for run in [study.student(name)] + (hasTrunk ? [trunk] : []) {
        let place = run.path.dropFirst(study.path.count + 1)
        do {
          for found in try RunVerifier(run, registry: registry).findings() {
            tell("\(place)/\(found.name)", found.words, isFault: found.isFault)
          }
        } catch let error as RecipeError {
          tell("\(place)", "\(error)", isFault: true)
        }
      }
    }
    try conclude(folder, faults)
  }

  private func conclude(_ folder: String, _ faults: Int) throws {
    guard faults == 0 else {
      throw FileError(
        "\(folder): \(faults == 1 ? "1 file is" : "\(faults) files are") damaged or missing")
    }
  }

  /// Where a program lies in the search path.
  private static func program(_ name: String) -> String? {
    let path = ProcessInfo.processInfo.environment["PATH"] ?? ""
    return path.split(separator: ":").map { "\($0)/\(name)" }
      .first { FileManager.default.isExecutableFile(atPath: $0) }
  }
}
