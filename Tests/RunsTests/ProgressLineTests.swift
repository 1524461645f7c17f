import Foundation
import FunMatchFiles
import FunMatchRuns
import FunMatchTestSupport
import Testing

struct ProgressLineTests {
  /// What a run of very many steps shows of three of them, the last after an evaluation.
  private func shown(columns: Int, _ environment: [String: String] = ["TERM": "xterm"]) throws
    -> String
  {
    let window = try PseudoTerminal(columns: columns)
    let line = ProgressLine(
      total: 1_000_000, on: Terminal(window.descriptor, environment: environment))
    for step in [1, 2, 3] {
      line.show(step: step, epoch: 1151.5, imagesPerSecond: 1206, loss: 0.25)
      line.remember("top-1 0.6250, agreement 0.7500")
      // The line is shown five times a second.
      usleep(250_000)
    }
    return window.text()
  }

  @Test(arguments: [200, 100, 80, 40, 20, 10])
  func oneRowIsAllItTakes(columns: Int) throws {
    let text = try shown(columns: columns)
    let rows = PseudoTerminal.rows(of: text, columns: columns)
    #expect(rows.count == 1 && rows[0].columns < columns, "\(rows)")
    #expect(text.count(of: "\r") == 3 && text.allSatisfy(\.isASCII))
    let row = rows[0].trimmingCharacters(in: .whitespaces)
    #expect(row.hasPrefix(String("step 3/1000000".prefix(columns - 1))))
    // What is least missed gives way first.
    #expect(row.contains("epoch 1151.50  1206 images/s") == (columns >= 200))
    #expect(row.contains("top-1 0.6250") == (columns >= 80))
    #expect(row.contains(" h left") == (columns >= 40))
    if columns >= 80 {
      // The time of day as clocks show it, not as a language has it.
      #expect(row.contains(/h left  ends [A-Z][a-z]{2} \d{1,2} \d\d:\d\d$/), "\(row)")
    }
  }

  /// Of a run of so many hours nobody knows how many steps there will be.
  @Test func hoursTellWhatIsLeft() throws {
    let window = try PseudoTerminal(columns: 80)
    let line = ProgressLine(
      total: 999_999_999_999, left: { 432 },
      on: Terminal(window.descriptor, environment: ["TERM": "dumb"]))
    line.show(step: 7, epoch: 0.5, imagesPerSecond: 8, loss: 0.5)
    #expect(window.text() == "step 7  epoch 0.50  8 images/s  loss 0.5000  7 min 12 s left\r\n")
  }

  @Test func withoutEscapesLinesStandBelowEachOther() throws {
    let text = try shown(columns: 80, ["TERM": "dumb"])
    #expect(!text.contains("\u{1B}"))
    #expect(text.hasPrefix("step 1/1000000  epoch 1151.50  1206 images/s  loss 0.2500\r\n"))
  }

  @Test func theLastStepStays() throws {
    let window = try PseudoTerminal(columns: 60)
    let terminal = Terminal(window.descriptor, environment: ["TERM": "xterm"])
    let line = ProgressLine(total: 2, on: terminal)
    line.show(step: 1, epoch: 1, imagesPerSecond: 8, loss: 0.5)
    line.clear()
    terminal.say("step 1: validation")
    line.show(step: 2, epoch: 2, imagesPerSecond: 8, loss: 0.25)
    line.clear()
    terminal.say("wrote it")
    let rows = PseudoTerminal.rows(of: window.text(), columns: 60)
    #expect(
      rows == [
        "step 1: validation", "step 2/2  epoch 2.00  8 images/s  loss 0.2500", "wrote it", "",
      ])
  }
}

extension String {
  fileprivate func count(of text: String) -> Int { components(separatedBy: text).count - 1 }
}
