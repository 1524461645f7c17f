import Foundation

/// Numbers as people read them.
public enum NumberText {
  /// A whole number with commas between thousands; `-` for none.
  public static func grouped(_ number: Int?) -> String {
    guard let number else { return "-" }
    var digits = String(abs(number))
    var groups: [String] = []
    while digits.count > 3 {
      groups.insert(String(digits.suffix(3)), at: 0)
      digits.removeLast(3)
    }
    return (number < 0 ? "-" : "") + ([digits] + groups).joined(separator: ",")
  }

  /// So many digits behind the point.
  public static func fixed(_ value: Double, _ digits: Int) -> String {
    String(format: "%.\(digits)f", value)
  }

  /// As short as it can be without losing a bit: 0.003, 1, 1e-05, -0.0.
  public static func short(_ value: Double) -> String {
    let isWhole = value == value.rounded() && abs(value) < 1e15 && value.bitPattern != 1 << 63
    return isWhole ? "\(Int(value))" : "\(value)"
  }

  /// The same of a text that is a number; any other text as it is.
  public static func short(_ text: String) -> String {
    let text = text.trimmingCharacters(in: .whitespacesAndNewlines)
    guard let number = Double(text), number.isFinite else { return text }
    return short(number)
  }

  /// Three digits and, if need be, a power of ten: 1.22e+15.
  public static func significant(_ value: Double) -> String { String(format: "%.3g", value) }

  /// Three digits and a prefix of the SI: 32.2 M.
  public static func scaled(_ value: Double) -> String {
    var (value, index) = (value, 0)
    let prefixes = ["", "k", "M", "G", "T", "P", "E"]
    while value >= 999.5, index < prefixes.count - 1 {
      value /= 1000
      index += 1
    }
    let digits = index == 0 ? 0 : value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
    return index == 0 ? fixed(value, digits) : "\(fixed(value, digits))\u{A0}\(prefixes[index])"
  }

  /// Seconds as days and hours, hours and minutes, or minutes and seconds.
  public static func duration(_ seconds: Double) -> String {
    let whole = Int(min(seconds, 1e11))
    let (days, hours, minutes) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60)
    if days > 0 { return "\(days) d \(hours) h" }
    if hours > 0 { return "\(hours) h \(minutes) min" }
    return minutes > 0 ? "\(minutes) min \(whole % 60) s" : "\(whole) s"
  }

  /// A time of this machine's clock, `14:05`, in the same letters everywhere; with its day, `Dec 3 14:05`.
  public static func time(
    _ date: Date, withDay: Bool = false, in zone: TimeZone = .current
  ) -> String {
    var calendar = Calendar(identifier: .gregorian)
    calendar.timeZone = zone
    let parts = calendar.dateComponents([.month, .day, .hour, .minute], from: date)
    let months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(separator: " ")
    let time = String(format: "%02d:%02d", parts.hour ?? 0, parts.minute ?? 0)
    return withDay ? "\(months[(parts.month ?? 1) - 1]) \(parts.day ?? 1) \(time)" : time
  }

  /// Bytes as megabytes, or as bytes where these are few.
  public static func bytes(_ count: Int) -> String {
    count < 100_000 ? "\(grouped(count)) bytes" : fixed(Double(count) / 1e6, 1) + " MB"
  }
}
