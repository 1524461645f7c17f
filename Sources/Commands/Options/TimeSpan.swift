import ArgumentParser

/// A length of time on a command line: `90s`, `45m`, `3h`, `2d`, or parts of it together, `1h30m`.
struct TimeSpan: ExpressibleByArgument {
  let duration: Duration

  init?(argument: String) {
    let units: [Character: Double] = ["s": 1, "m": 60, "h": 3600, "d": 86_400]
    var seconds = 0.0
    var rest = argument[...]
    while !rest.isEmpty {
      let number = rest.prefix { $0.isNumber || $0 == "." }
      guard let value = Double(number), let letter = rest.dropFirst(number.count).first,
        let unit = units[letter]
      else { return nil }
      seconds += value * unit
      rest = rest.dropFirst(number.count + 1)
    }
    guard seconds > 0, seconds < 1e10 else { return nil }
    duration = .seconds(seconds)
  }
}
