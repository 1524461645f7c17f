extension ReportFigure {
  /// Colours that most people can tell apart (Okabe and Ito, "Color Universal Design", 2008), and a
  /// point of its own for each.
  private static let colors = [
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000",
  ]
  private static let points = [7, 5, 9, 11, 13, 6, 4, 8, 10, 12, 1, 2]

  /// Widths and letters are chosen so that it can be read on a phone and fills a column of a page.
  private static let width = 480

  /// More letters have no room beside a line of the key.
  private static let longest = 46

  private var factor: String { isShare ? "100*" : "" }

  private var isDots: Bool {
    if case .dots = kind { return true }
    return false
  }

  /// Lines of the key.
  private var keys: Int {
    let keys = isDots ? references.count : series.count + references.count
    // A lone line is what the title says.
    return keys > 1 || !references.isEmpty ? keys : 0
  }

  private var sizes: (plot: Int, labels: Int, key: Int) {
    (
      isDots ? 24 * (series.first?.rows.count ?? 0) + 24 : 250, 68, keys > 0 ? keys * 20 + 24 : 0
    )
  }

  /// Pixels of the drawing.
  var height: Int { sizes.plot + sizes.labels + sizes.key }

  /// The script that draws it, to be run in the folder of the data.
  var script: String {
    let (_, labels, key) = sizes
    func share(_ pixels: Int) -> String { "screen \(Double(pixels) / Double(height))" }
    return """
      # \(Self.plain(title))
      set terminal svg size \(Self.width),\(height) dynamic noenhanced background '#ffffff' \
      font 'sans-serif,14' linewidth 1.4
      set output '\(name).svg'
      set border 3 linecolor '#777777'
      set tics nomirror out scale 0.6 textcolor '#333333'
      set grid \(isDots ? "x" : "y") linetype 1 linewidth 0.5 linecolor '#dddddd'
      set pointintervalbox 0
      set bmargin at \(share(labels + key))
      set tmargin at \(share(height - 12))
      set key at screen 0.02, \(share(key + 2)) left top Left reverse horizontal maxcols 1 samplen 3
      \(keys > 0 ? "" : "unset key")
      set xlabel '\(Self.plain(x))' textcolor '#333333'
      \(isDots ? "" : "set ylabel '\(Self.plain(y))' textcolor '#333333'")
      \(axes)plot \(plots.joined(separator: ", \\\n     "))

      """
  }

  private var axes: String {
    switch kind {
    case .curves:
      let last = series.flatMap(\.rows).map { $0[0] }.max() ?? 1
      let format = last >= 1e6 ? "%.1s%c" : "%.0f"
      return "set xrange [0:\(Self.number(last))]\nset format x '\(format)'\n"
        + "set xtics autofreq \(last < 5 ? "1" : tics(last))\nset offsets 0, 0, graph 0.03, graph 0.03\n"
    case .trend(let isLogarithmic):
      let values = Set(series.flatMap(\.rows).map { $0[0] }).sorted()
      guard let least = values.first, let most = values.last, least < most else { return "" }
      // The values themselves are the ticks, since they were chosen.
      let ticks = values.map { "'\(Self.short($0))' \(Self.number($0))" }.joined(separator: ", ")
      let (low, high) =
        isLogarithmic
        ? (least / 1.15, most * 1.15)
        : (least - 0.04 * (most - least), most + 0.04 * (most - least))
      return (isLogarithmic ? "set logscale x\n" : "") + "set xrange [\(low):\(high)]\n"
        + (values.count <= 8 ? "set xtics (\(ticks))\n" : "set format x '%g'\n")
        + "set offsets 0, 0, graph 0.05, graph 0.05\n"
    case .dots:
      let labels =
        series.first?.label.split(separator: "\n", omittingEmptySubsequences: false) ?? []
      let ticks = labels.enumerated().map { place, label in
        // A label of a tick is a format.
        "'\(Self.plain(String(label), longest: 24).replacing("%", with: "%%"))' \(place + 1)"
      }
      let values =
        series.flatMap(\.rows).flatMap { row in
          row[2].isNaN ? [row[1]] : [row[1] - row[2], row[1] + row[2]]
        } + references.map(\.value)
      let span = (isShare ? 100 : 1) * ((values.max() ?? 1) - (values.min() ?? 0))
      return "set ytics (\(ticks.joined(separator: ", ")))\nset yrange [\(labels.count).6:0.4]\n"
        + "set xtics autofreq \(tics(1.3 * span))\nset offsets graph 0.04, graph 0.04, 0, 0\n"
    }
  }

  /// A distance of ticks, so few on a span that their labels have room.
  private func tics(_ span: Double) -> String {
    for exponent in -3...15 {
      let unit = exponent < 0 ? 0.1.power(-exponent) : 10.0.power(exponent)
      for step in [1.0, 2, 5] where unit * step * 5 >= span { return Self.number(unit * step) }
    }
    return Self.number(span)
  }

  private static func short(_ value: Double) -> String {
    if value >= 10_000, value.truncatingRemainder(dividingBy: 1000) == 0 {
      return value >= 1e6 && value.truncatingRemainder(dividingBy: 1e5) == 0
        ? "\(number(value / 1e6))M" : "\(number(value / 1000))k"
    }
    return number(value)
  }

  private var plots: [String] {
    var plots: [String] = []
    for (index, series) in series.enumerated() {
      let look = series.look ?? index
      let color = Self.colors[look % Self.colors.count]
      let point = Self.points[look % Self.points.count]
      let dash = look / Self.colors.count + 1
      let label = "title '\(Self.plain(series.label, longest: Self.longest))'"
      let data = "'\(name).dat' index \(index) using"
      let style = "linecolor '\(color)' dashtype \(dash) pointtype \(point)"
      switch kind {
      case .curves:
        if series.rows.contains(where: { $0[2] < $0[3] }) {
          plots.append(
            "\(data) 1:(\(factor)$3):(\(factor)$4) with filledcurves fillstyle transparent solid "
              + "0.15 noborder linecolor '\(color)' notitle")
        }
        let every = max(1, series.rows.count / 8)
        plots.append(
          "\(data) 1:(\(factor)$2) with linespoints \(style) pointsize 0.5 pointinterval \(every) "
            + label)
      case .trend:
        plots.append("\(data) 1:(\(factor)$2) with linespoints \(style) pointsize 0.6 \(label)")
        if series.rows.contains(where: { !$0[2].isNaN }) {
          plots.append(
            "\(data) 1:(\(factor)($2-$3)):(0):(\(factor)2*$3) with vectors heads size graph 0.008,90 "
              + "linecolor '\(color)' notitle")
        }
      case .dots:
        if series.rows.contains(where: { !$0[2].isNaN }) {
          plots.append(
            "\(data) (\(factor)($2-$3)):1:(\(factor)2*$3):(0) with vectors heads size graph 0.01,90 "
              + "linecolor '\(color)' notitle")
        }
        plots.append(
          "\(data) (\(factor)$2):1 with points linecolor '\(color)' pointtype 7 pointsize 0.7 notitle"
        )
      }
    }
    for (index, reference) in references.enumerated() {
      let value = isShare ? 100 * reference.value : reference.value
      let style = "linecolor '#555555' dashtype \(["(8,5)", "(3,4)", "(12,4,3,4)"][index % 3])"
      let label = "title '\(Self.plain(reference.name, longest: Self.longest))'"
      if case .dots = kind {
        let count = series.first?.rows.count ?? 0
        plots.append(
          "'+' using (\(value)):(0.4+($0)*\(Double(count) + 0.2)) every ::0::1 with lines \(style) "
            + label)
      } else {
        plots.append("\(value) with lines \(style) \(label)")
      }
    }
    return plots
  }
}

extension Double {
  fileprivate func power(_ count: Int) -> Double {
    (0..<count).reduce(1) { value, _ in value * self }
  }
}
