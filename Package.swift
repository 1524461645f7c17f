// swift-tools-version: 6.1
import Foundation
import PackageDescription

// `make setup` leaves `.deps/libtorch` as a link to the libtorch in use: a wheel's `torch` folder
// or an unpacked libtorch archive. Nothing else in this file depends on where it came from.
let libtorch = Context.packageDirectory + "/.deps/libtorch"
let hasCUDA = FileManager.default.fileExists(atPath: libtorch + "/lib/libtorch_cuda.so")

// What sends gradients from GPU to GPU is built where CUDA's and NCCL's headers are at hand: beside libtorch, where `make
// setup` leaves those of a CUDA wheel, or in CUDA's own folder.
let cudaHeaders: [String] = {
  let beside = libtorch + "/../nvidia/"
  let packages = (try? FileManager.default.contentsOfDirectory(atPath: beside)) ?? []
  let folders =
    packages.sorted().map { beside + $0 + "/include" }
    + [(Context.environment["CUDA_HOME"] ?? "/usr/local/cuda") + "/include"]
  let isWhole = ["nccl.h", "cusparse.h", "crt/host_defines.h", "nv/target"].allSatisfy { header in
    folders.contains { FileManager.default.fileExists(atPath: $0 + "/" + header) }
  }
  return hasCUDA && isWhole ? folders : []
}()

// HEIF and AVIF are read where libheif's headers are at hand: in one of the folders in which compilers look, or of Homebrew.
let hasHEIF: Bool = {
  let machines = (try? FileManager.default.contentsOfDirectory(atPath: "/usr/include")) ?? []
  let folders =
    ["/usr/include", "/usr/local/include", "/opt/homebrew/include"]
    + machines.filter { $0.hasSuffix("-linux-gnu") }.map { "/usr/include/" + $0 }
  return folders.contains { FileManager.default.fileExists(atPath: $0 + "/libheif/heif.h") }
}()

let torchHeaders: [CXXSetting] = [
  .headerSearchPath("Declarations"),
  .unsafeFlags(
    [
      "-isystem", libtorch + "/include",
      "-isystem", libtorch + "/include/torch/csrc/api/include",
      "-O3", "-fvisibility=hidden", "-fno-math-errno", "-Wno-deprecated-declarations",
    ] + (cudaHeaders.isEmpty ? [] : ["-DCT_NCCL"] + cudaHeaders.flatMap { ["-isystem", $0] })),
]

// CUDA kernels register themselves when the library is loaded, so the linker must not drop it as
// unused.
let cudaLibraries =
  hasCUDA
  ? ["-Xlinker", "--no-as-needed", "-ltorch_cuda", "-lc10_cuda", "-Xlinker", "--as-needed"] : []
let torchLibraries: [LinkerSetting] = [
  .unsafeFlags(
    ["-L" + libtorch + "/lib", "-Xlinker", "-rpath", "-Xlinker", libtorch + "/lib"] + cudaLibraries),
  // A binary that is copied elsewhere finds libtorch in a folder `lib` beside it.
  .unsafeFlags(["-Xlinker", "-rpath", "-Xlinker", "$ORIGIN/lib"], .when(platforms: [.linux])),
  .unsafeFlags(
    ["-Xlinker", "-rpath", "-Xlinker", "@executable_path/lib"], .when(platforms: [.macOS])),
  .linkedLibrary("torch"), .linkedLibrary("torch_cpu"), .linkedLibrary("c10"),
]

/// Our modules that each one reaches, over however many others; they are declared from the lowest to the highest.
nonisolated(unsafe) var reached: [String: [String]] = [:]

/// With all that they reach: SwiftPM does not build a target again for a change two steps away, and what it was compiled
/// against is no longer there.
func reaching(_ dependencies: [Target.Dependency]) -> [Target.Dependency] {
  var direct: [String] = []
  for case .byNameItem(let name, _) in dependencies { direct.append(name) }
  let more = Set(direct.flatMap { reached[$0] ?? [] }).subtracting(direct)
  return dependencies + more.sorted().map { .byName(name: $0) }
}

/// The library of HEIF, in a list of its own that is empty without it.
let heif: [Target] =
  hasHEIF
  ? [
    .systemLibrary(
      name: "CHEIF", path: "Sources/CHEIF", pkgConfig: "libheif",
      providers: [.apt(["libheif-dev"]), .brew(["libheif"])])
  ] : []

/// A Swift target: folder `Sources/<name>`, module `FunMatch<name>`.
func module(
  _ name: String, _ dependencies: [Target.Dependency], exclude: [String] = []
) -> Target {
  target("FunMatch" + name, dependencies, path: "Sources/" + name, exclude: exclude)
}

func target(
  _ name: String, _ dependencies: [Target.Dependency], path: String, exclude: [String]
) -> Target {
  let all = reaching(dependencies)
  for case .byNameItem(let other, _) in all where other.hasPrefix("FunMatch") {
    reached[name, default: []].append(other)
  }
  return .target(name: name, dependencies: all, path: path, exclude: exclude)
}

/// A test target: folder `Tests/<name>Tests`.
func tests(
  _ name: String, _ dependencies: [Target.Dependency] = [], exclude: [String] = []
) -> Target {
  .testTarget(
    name: "FunMatch" + name + "Tests",
    dependencies: reaching(
      [.byName(name: "FunMatch" + name), "FunMatchTestSupport"] + dependencies),
    path: "Tests/" + name + "Tests", exclude: exclude)
}

let modules = [
  "Settings", "Files", "Torch", "NN", "Optimizers", "Images", "Models", "ONNX", "Frozen",
  "Datasets", "Views", "Distillation", "Recipes", "TensorBoard", "Banks", "Runs", "Studies",
  "Reports", "Commands",
]

let logging = Target.Dependency.product(name: "Logging", package: "swift-log")

let package = Package(
  name: "FunMatch",
  platforms: [.macOS(.v14)],
  products: [
    .library(name: "FunMatch", targets: modules.map { "FunMatch" + $0 }),
    .executable(name: "funmatch", targets: ["funmatch"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.0.0"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-protobuf", from: "1.39.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
  ],
  targets: [
    .target(
      name: "CTorch", path: "Sources/CTorch", cxxSettings: torchHeaders,
      linkerSettings: torchLibraries),
    .systemLibrary(
      name: "CZip", path: "Sources/CZip", pkgConfig: "libzip",
      providers: [.apt(["libzip-dev"]), .brew(["libzip"])]),
    .systemLibrary(
      name: "CZlib", path: "Sources/CZlib", pkgConfig: "zlib",
      providers: [.apt(["zlib1g-dev"]), .brew(["zlib"])]),
    .systemLibrary(
      name: "CJPEG", path: "Sources/CJPEG", pkgConfig: "libjpeg",
      providers: [.apt(["libjpeg-dev"]), .brew(["jpeg-turbo"])]),
    .systemLibrary(
      name: "CPNG", path: "Sources/CPNG", pkgConfig: "libpng",
      providers: [.apt(["libpng-dev"]), .brew(["libpng"])]),
    .systemLibrary(
      name: "CWebP", path: "Sources/CWebP", pkgConfig: "libwebpdemux",
      providers: [.apt(["libwebp-dev"]), .brew(["webp"])]),
    .systemLibrary(
      name: "CGIF", path: "Sources/CGIF", pkgConfig: "libgif",
      providers: [.apt(["libgif-dev"]), .brew(["giflib"])]),
    .systemLibrary(
      name: "CTIFF", path: "Sources/CTIFF", pkgConfig: "libtiff-4",
      providers: [.apt(["libtiff-dev"]), .brew(["libtiff"])]),
    .target(
      name: "CCodecs",
      dependencies: ["CJPEG", "CPNG", "CWebP", "CGIF", "CTIFF", "CZlib"]
        + (hasHEIF ? ["CHEIF"] : []),
      path: "Sources/CCodecs",
      // Homebrew's giflib tells pkg-config nothing.
      cSettings: (hasHEIF ? [.define("CC_HEIF")] : [])
        + [.unsafeFlags(["-I/opt/homebrew/include"], .when(platforms: [.macOS]))],
      linkerSettings: (["jpeg", "png", "webp", "webpdemux", "gif", "tiff", "z"]
        + (hasHEIF ? ["heif"] : [])).map { .linkedLibrary($0) }
        + [.unsafeFlags(["-L/opt/homebrew/lib"], .when(platforms: [.macOS]))]),
    .systemLibrary(
      name: "CCurl", path: "Sources/CCurl", pkgConfig: "libcurl",
      providers: [.apt(["libcurl4-openssl-dev"]), .brew(["curl"])]),
    .target(
      name: "CHTTP", dependencies: ["CCurl"], path: "Sources/CHTTP",
      linkerSettings: [.linkedLibrary("curl")]),
    module("Settings", []),
    module("Images", ["CCodecs", "FunMatchSettings"]),
    module("Files", ["CZip", .product(name: "Crypto", package: "swift-crypto")]),
    module("Torch", ["CTorch", "CZip", "FunMatchFiles", "FunMatchSettings"]),
    module("NN", ["FunMatchTorch", "FunMatchFiles"]),
    module("Optimizers", ["FunMatchNN"]),
    module("Models", ["FunMatchNN", "FunMatchImages", "FunMatchFiles", "FunMatchSettings"]),
    module(
      "ONNX",
      [
        "FunMatchModels", "FunMatchFiles",
        .product(name: "SwiftProtobuf", package: "swift-protobuf"),
      ],
      exclude: ["onnx.proto"]),
    .target(name: "COpenVINO", path: "Sources/COpenVINO"),
    module("Frozen", ["COpenVINO", "FunMatchONNX", "FunMatchFiles", "FunMatchSettings"]),
    module("Datasets", ["FunMatchImages", "FunMatchFiles", "CHTTP", "CZlib"]),
    module("Views", ["FunMatchDatasets"]),
    module("Distillation", ["FunMatchFrozen", "FunMatchOptimizers", "FunMatchViews"]),
    module("Recipes", ["FunMatchDistillation", "FunMatchFrozen", "Yams"]),
    module(
      "TensorBoard",
      ["FunMatchFiles", .product(name: "SwiftProtobuf", package: "swift-protobuf")],
      exclude: ["event.proto"]),
    module("Banks", ["FunMatchRecipes", logging]),
    module(
      "Runs", ["FunMatchBanks", "FunMatchFrozen", "FunMatchONNX", "FunMatchTensorBoard", logging]),
    module("Studies", ["FunMatchRuns", "Yams", logging]),
    module("Reports", ["FunMatchStudies"]),
    module(
      "Commands",
      [
        "FunMatchReports", "FunMatchFrozen", "FunMatchONNX",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .target(name: "CMemory", path: "Sources/CMemory"),
    .executableTarget(
      name: "funmatch", dependencies: reaching(["FunMatchCommands"]) + ["CMemory"],
      path: "Sources/funmatch"),
    target(
      "FunMatchReaders", ["FunMatchStudies", "CZlib"], path: "Fuzz/Readers", exclude: []),
    target(
      "FunMatchTestSupport", ["FunMatchTorch", "FunMatchDatasets"], path: "Tests/Support",
      exclude: [
        "check_recipes.py", "import_pytorch.py", "int8_layer.py", "read_events.py",
        "read_hparams.py", "run_onnx.py", "save_checkpoint.py", "save_onnx.py",
        "save_programs.py",
      ]),
    tests("Settings"), tests("Files"),
    tests("Torch", exclude: ["Fixtures"]), tests("NN"),
    tests("Optimizers", exclude: ["Fixtures"]),
    tests("Models", ["FunMatchFrozen"], exclude: ["Fixtures"]),
    tests("ONNX", ["FunMatchNN"]), tests("Frozen", exclude: ["compare_headers.c"]),
    tests("Images", ["FunMatchDatasets", "CCodecs"], exclude: ["Fixtures"]),
    tests("Datasets", exclude: ["Fixtures"]), tests("Views"),
    tests("Distillation", exclude: ["Fixtures"]),
    tests("Recipes"), tests("TensorBoard"), tests("Banks"), tests("Runs", exclude: ["Fixtures"]),
    tests("Studies"), tests("Reports"), tests("Commands"),
    .testTarget(
      name: "funmatchTests",
      dependencies: reaching([
        "funmatch", "FunMatchTestSupport", "FunMatchCommands", "FunMatchReaders",
      ]),
      path: "Tests/funmatchTests"),
  ] + heif,
  swiftLanguageModes: [.v6],
  cxxLanguageStandard: .cxx20
)

// What `make fuzz` builds, in folders of its own and with sanitizers.
if Context.environment["FUNMATCH_FUZZ"] != nil {
  package.targets += [
    .systemLibrary(name: "CFuzzer", path: "Fuzz/CFuzzer"),
    .executableTarget(
      name: "fuzz", dependencies: reaching(["FunMatchReaders", "CFuzzer"]), path: "Fuzz/Fuzzer"),
    .executableTarget(
      name: "threads", dependencies: reaching(["FunMatchViews"]), path: "Fuzz/Threads"),
  ]
  let shim: [CSetting] = [
    .unsafeFlags(["-fsanitize=fuzzer-no-link,undefined", "-fno-sanitize-recover=undefined"])
  ]
  for target in package.targets where ["CCodecs", "CHTTP"].contains(target.name) {
    if Context.environment["FUNMATCH_FUZZ"] != "thread" {
      target.cSettings = (target.cSettings ?? []) + shim
    }
  }
}
