import Foundation
import FunMatchTensorBoard
import FunMatchTestSupport
import Testing

struct HyperparameterTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  @Test(
    arguments: [
      ("0.003", .number(0.003)), ("1.0e-5", .number(1e-5)), ("-7", .number(-7)),
      (".5", .number(0.5)),
      ("true", .flag(true)), ("false", .flag(false)), ("ind/ic", .text("ind/ic")), ("", .text("")),
      ("nan", .text("nan")), ("inf", .text("inf")), ("0x1f", .text("0x1f")),
      ("1e999", .text("1e999")),
      ("null", .text("null")), ("yes", .text("yes")), ("{adam: {}}", .text("{adam: {}}")),
    ] as [(String, Hyperparameter)])
  func valuesAreReadAsYAML(_ text: String, _ value: Hyperparameter) {
    #expect(Hyperparameter(text) == value)
  }

  private func session(_ values: [String: Hyperparameter], _ group: String) -> HyperparameterSession
  {
    HyperparameterSession(name: "run", values: values, group: group)
  }

  private func log(through step: Int) throws -> EventLog {
    try EventLog(folder: folder.path, keepingThrough: step)
  }

  private func records() throws -> [[UInt8]] {
    let reader = try TFRecordReader(path: folder.file(EventLog.fileName))
    var records: [[UInt8]] = []
    while let record = try reader.next() { records.append(record) }
    #expect(try folder.bytes(EventLog.fileName).count == Int(reader.offset))
    return records
  }

  private func has(_ record: [UInt8], _ tag: String) -> Bool {
    Data(record).range(of: Data("_hparams_/\(tag)".utf8)) != nil
  }

  @Test func theBeginIsWrittenOnce() throws {
    for step in [0, 0, 2, 1, 0] {
      let log = try log(through: step)
      let before = try records().count
      try log.begin(session(["a": .number(1), "b": .flag(true)], "g"))
      try log.begin(session(["a": .number(2)], ""))
      let all = try records()
      #expect(all.count == max(2, before) && has(all[1], "session_start_info"))
      for next in step + 1..<step + 4 { try log.append(["x": 1], step: next, wallTime: 0) }
      #expect(try records().filter { has($0, "session_start_info") }.count == 1)
    }
    // A run that goes back before its first step writes it anew.
    let first = try log(through: -1)
    #expect(try records().count == 1)
    try first.begin(session([:], ""))
    #expect(try records().count == 2)
  }

  @Test func aRunThatBeganWithoutStaysWithout() throws {
    try log(through: 0).append(["x": 1], step: 1, wallTime: 0)
    let before = try folder.bytes(EventLog.fileName)
    try log(through: 1).begin(session(["a": .number(1)], ""))
    #expect(try folder.bytes(EventLog.fileName) == before)
  }

  @Test func theEndIsLastAndWrittenOnce() throws {
    let first = try log(through: 0)
    try first.begin(session(["a": .text("b")], ""))
    try first.append(["x": 1], step: 5, wallTime: 0)
    let begun = try folder.bytes(EventLog.fileName)
    try first.end(success: true)
    let ended = try folder.bytes(EventLog.fileName)
    try first.end(success: true)
    try log(through: 5).end(success: true)
    #expect(try folder.bytes(EventLog.fileName) == ended)
    #expect(try has(#require(records().last), "session_end_info"))

    // Another end takes its place, and a run that goes on has none.
    try log(through: 5).end(success: false)
    #expect(try folder.bytes(EventLog.fileName) != ended && records().count == 4)
    let second = try log(through: 5)
    try second.append(["x": 2], step: 6, wallTime: 0)
    #expect(try records().count == 4)
    #expect(try records().allSatisfy { !has($0, "session_end_info") })
    try second.end(success: true)
    try second.append(["x": 2], step: 7, wallTime: 0)
    try second.end(success: true)
    #expect(try records().filter { has($0, "session_end_info") }.count == 1)
    // Cut with the steps behind a checkpoint.
    _ = try log(through: 5)
    #expect(try folder.bytes(EventLog.fileName) == begun)
  }

  @Test func aTornEndIsWrittenAgain() throws {
    let first = try log(through: 0)
    try first.append(["x": 1], step: 1, wallTime: 0)
    let begun = try folder.bytes(EventLog.fileName)
    try first.end(success: true)
    let ended = try folder.bytes(EventLog.fileName)
    for count in begun.count..<ended.count {
      _ = try folder.write(EventLog.fileName, Array(ended[..<count]))
      try log(through: 1).end(success: true)
      #expect(try records().count == 3)
    }
  }

  @Test func theStudysFileDependsOnWhatItSaysAlone() throws {
    func write(_ values: [Hyperparameter]) throws -> [UInt8] {
      try HyperparameterSummary.write(
        folder: folder.path, hyperparameters: [("a", values), ("b", [.flag(true)])],
        metrics: ["validation.top1"])
      return try folder.bytes(EventLog.fileName)
    }
    let one = try write([.number(1), .number(2)])
    #expect(try write([.number(1), .number(2)]) == one)
    #expect(try write([.number(1)]) != one)
    #expect(try folder.contents == [EventLog.fileName])
    #expect(throws: (any Error).self) {
      try HyperparameterSummary.write(
        folder: folder.file("no"), hyperparameters: [], metrics: [])
    }
  }

  /// The plugin itself lists the students of a study, two of which differ only in their seeds.
  @Test(.enabled(if: TensorBoard.python != nil, "no Python with TensorBoard"))
  func tensorBoardShowsTheStudents() throws {
    try HyperparameterSummary.write(
      folder: folder.path,
      hyperparameters: [
        ("case", [.text("funmatch"), .text("träger")]),
        ("optimizer.adam.learningRate", [.number(0.0003), .number(0.01)]),
        ("views.flip", [.flag(true), .flag(false)]), ("mixed", [.number(1), .text("x")]),
      ], metrics: ["validation.top1", "validation.agreement"])
    let first: [String: Hyperparameter] = [
      "case": .text("funmatch"), "optimizer.adam.learningRate": .number(0.0003),
      "views.flip": .flag(true), "mixed": .number(1),
    ]
    let second: [String: Hyperparameter] = [
      "case": .text("träger"), "optimizer.adam.learningRate": .number(0.01),
      "views.flip": .flag(false), "mixed": .text("x"),
    ]
    let students: [(String, String, [String: Hyperparameter], [Double], Bool?)] = [
      ("a,seed=0", "a", first, [0.25, 0.5], true), ("a,seed=1", "a", first, [0.125, 0.75], nil),
      ("b", "", second, [0.375], false),
    ]
    for (name, group, values, figures, success) in students {
      let path = folder.file("students/\(name)")
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      for (index, figure) in figures.enumerated() {
        let log = try EventLog(folder: path, keepingThrough: index * 10)
        try log.begin(session(values, group))
        try log.append(
          ["validation.top1": figure, "validation.agreement": figure / 2, "distillLoss": 3],
          step: index * 10 + 10, wallTime: 1_700_000_000)
        if let success { try log.end(success: success) }
      }
    }
    let a =
      #"{"case": "funmatch", "mixed": 1.0, "optimizer.adam.learningRate": 0.0003, "views.flip": true}"#
    let b =
      #"{"case": "träger", "mixed": "x", "optimizer.adam.learningRate": 0.01, "views.flip": false}"#
    func figures(_ value: Double, _ step: Int) -> String {
      #"{"validation.agreement": [\#(value / 2), \#(step)], "validation.top1": [\#(value), \#(step)]}"#
    }
    // The plugin sorts keys by name.
    let shown = try #require(try TensorBoard.hyperparameters(folder.path))
    #expect(
      shown == [
        #"key case DATA_TYPE_STRING ["funmatch", "träger"]"#,
        #"key mixed DATA_TYPE_STRING [1.0, "x"]"#,
        "key optimizer.adam.learningRate DATA_TYPE_FLOAT64 [0.0003, 0.01]",
        "key views.flip DATA_TYPE_BOOL [true, false]",
        "metric validation.top1", "metric validation.agreement",
        "group a \(a)",
        "run students/a,seed=0 STATUS_SUCCESS \(figures(0.5, 20))",
        "run students/a,seed=1 STATUS_UNKNOWN \(figures(0.75, 20))",
        "group students/b \(b)",
        "run students/b STATUS_FAILURE \(figures(0.375, 10))",
      ])
    let scalars = try #require(try TensorBoard.series(folder.file("students/a,seed=0")))
    #expect(scalars.keys.sorted() == ["distillLoss", "validation.agreement", "validation.top1"])
    #expect(scalars["validation.top1"]?.map { $0[1] } == [0.25, 0.5])
  }
}
