// swift-tools-version: 6.1
import PackageDescription

let package = Package(
  name: "Extending",
  platforms: [.macOS(.v14)],
  // A package that lies elsewhere names the repository's address and a branch or revision: SwiftPM
  // takes the linker flags for libtorch from those and from a path, but from no version.
  dependencies: [.package(name: "FunMatch", path: "../..")],
  targets: [
    .executableTarget(
      name: "extending", dependencies: [.product(name: "FunMatch", package: "FunMatch")])
  ],
  swiftLanguageModes: [.v6]
)
