/// Lines on a terminal of which the next take the place. Where nothing can be written over they stand one below the other.
public final class LiveText {
  /// Where they are shown.
  public let terminal: Terminal
  private var rows = 0

  /// Shows nothing yet.
  public init(_ terminal: Terminal = Terminal()) { self.terminal = terminal }

  /// Whether the next lines take the place of those before.
  public var isLive: Bool { terminal.isLive }

  /// How many columns a line may take; one is left free, since some terminals break a line that fills them all.
  public var columns: Int { isLive ? max(1, terminal.size.columns - 1) : .max }

  /// Shows lines in the place of those before, cut where they are too long: one that breaks would take a second row, which
  /// nobody clears.
  public func show(_ lines: [String]) {
    let lines = lines.map(\.printable)
    guard isLive else { return terminal.write(lines.map { $0 + "\n" }.joined()) }
    let columns = columns
    terminal.write(clearing + lines.map { $0.prefix(columns: columns) }.joined(separator: "\n"))
    rows = lines.count
  }

  /// Clears what is shown, so that other words can be written.
  public func clear() {
    if rows > 0 { terminal.write(clearing) }
    rows = 0
  }

  /// Leaves what is shown where it is; other words begin below it.
  public func leave() {
    if rows > 0 { terminal.write("\n") }
    rows = 0
  }

  private var clearing: String {
    rows > 1 ? "\r\u{1B}[\(rows - 1)A\u{1B}[J" : "\r\u{1B}[K"
  }
}
