import ArgumentParser
import FunMatchSettings

/// A command that looks names up.
public protocol RegistryCommand: ParsableCommand {
  /// Does what the command is for.
  ///
  /// - Parameter registry: what names are looked up in.
  /// - Throws: an error with one sentence.
  func run(_ registry: Registry) throws
}

extension RegistryCommand {
  /// With what the package has.
  public func run() throws { try run(.standard) }
}
