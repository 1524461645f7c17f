import Foundation
import FunMatchTorch

/// The accuracy curve of a run as SVG, drawn by gnuplot; data and script are kept beside it.
struct AccuracyFigure {
  let folder: RunFolder

  /// Draws `report/accuracy.svg` from the metrics.
  ///
  /// - Returns: the figure's path; `nil` when nothing was evaluated or gnuplot is not installed.
  func draw() throws -> String? {
    let series = try MetricsLog.series(
      ["top1", "agreement", "teacherTop1"].map { "validation." + $0 }, path: folder.metrics)
    let (top1, agreement, teacher) = (series[0], series[1], series[2].last?.value)
    guard let last = (top1 + agreement).map(\.step).max() else { return nil }
    var curves: [String] = []
    for (key, name, series) in [
      ("top1", "top-1", top1), ("agreement", "agreement with the teacher", agreement),
    ] where !series.isEmpty {
      let file = "accuracy-\(key).dat"
      let text = "# step \(key)\n" + series.map { "\($0.step) \($0.value)\n" }.joined()
      try AtomicFile.write(to: "\(folder.report)/\(file)", Data(text.utf8))
      curves.append(
        "'\(file)' using 1:(100*$2) with linespoints pointtype 7 pointsize 0.4 title '\(name)'")
    }
    var line = ""
    if let teacher {
      line =
        "set arrow from graph 0, first \(100 * teacher) to graph 1, first \(100 * teacher) "
        + "nohead dashtype 2 linecolor '#666666'\n"
      curves.append("keyentry with lines dashtype 2 linecolor '#666666' title 'teacher, top-1'")
    }
    let script = """
      set terminal svg size 800,500 dynamic background 'white' font 'sans-serif,14'
      set output 'accuracy.svg'
      set xlabel 'step'
      set ylabel 'validation images, %'
      set xrange [0:\(last)]
      set yrange [*:100]
      set key bottom right
      set grid linecolor '#dddddd'
      \(line)plot \(curves.joined(separator: ", \\\n     "))

      """
    try AtomicFile.write(to: "\(folder.report)/accuracy.gnuplot", Data(script.utf8))
    let gnuplot = Process()
    gnuplot.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    gnuplot.arguments = ["gnuplot", "accuracy.gnuplot"]
    gnuplot.currentDirectoryURL = URL(fileURLWithPath: folder.report)
    gnuplot.standardError = FileHandle.nullDevice
    do {
      try gnuplot.run()
    } catch {
      return nil
    }
    gnuplot.waitUntilExit()
    return gnuplot.terminationStatus == 0 ? "\(folder.report)/accuracy.svg" : nil
  }
}
