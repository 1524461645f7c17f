import FunMatchDistillation
import FunMatchFiles
import FunMatchFrozen
import FunMatchRecipes

extension BankIdentity {
  /// What computed the teachers of logits that are kept under a folder and are these but for that. Nothing where these
  /// very ones are kept, or none of both.
  ///
  /// - Parameters:
  ///   - folder: that of banks, or of targets.
  ///   - count: number of teachers.
  public func kept(in folder: String, count: Int) throws -> [Computation]? {
    let known = try BankFolder(folder, self).identities
    guard !known.contains(lines) else { return nil }
    let views = Set(lines.filter { !Self.tellsComputation($0) })
    let others = known.filter { Set($0.filter { !Self.tellsComputation($0) }) == views }
    return others.lazy.compactMap { Self.computations($0, count) }.first
  }

  private static func tellsComputation(_ line: String) -> Bool {
    line.hasPrefix("precision: ") || line.hasPrefix("microBatchSize: ")
      || line.wholeMatch(of: /teachers\.[0-9]+\.(engine|int8): .*/) != nil
  }

  /// `nil` where teachers compute in several formats, since the lines do not tell which in which.
  private static func computations(_ lines: [String], _ count: Int) -> [Computation]? {
    let formats = lines.filter { $0.hasPrefix("precision: ") }
      .compactMap { Precision(rawValue: String($0.dropFirst("precision: ".count))) }
    guard formats.count == 1, let precision = formats.first, precision != .auto else { return nil }
    return (0..<count).map { place in
      let isCompiled = lines.contains("teachers.\(place).engine: openvino")
      let key = "teachers.\(place).int8: "
      let scales = lines.first { $0.hasPrefix(key) }.map { String($0.dropFirst(key.count)) }
      return Computation(
        engine: isCompiled ? .openvino : .libtorch, precision: scales == nil ? precision : .int8,
        scales: scales)
    }
  }
}

extension Teacher {
  /// How it is computed.
  package var computation: Computation {
    let scales = identity.first { $0.hasPrefix("int8: ") }.map { String($0.dropFirst(6)) }
    return Computation(
      engine: identity.contains("engine: openvino") ? .openvino : .libtorch,
      precision: scales != nil ? .int8 : Precision(precision), scales: scales)
  }
}
