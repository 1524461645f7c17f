import Foundation
import FunMatchFiles
import FunMatchRuns
import FunMatchTestSupport
import Testing

struct PredictionWriterTests {
  private let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private let predictions = [
    Prediction(
      image: "a, \"b\".png",
      top: [
        .init(index: 1, name: "bee", probability: 0.75),
        .init(index: 0, name: "say \"ant\"", probability: 0.25),
      ]),
    Prediction(
      image: "new\nline\u{1B}.png",
      top: [
        .init(index: 0, name: "say \"ant\"", probability: 1),
        .init(index: 1, name: "bee", probability: 1e-7),
      ]),
  ]

  private func written(_ format: PredictionFormat, _ parts: [[Prediction]]) throws -> String {
    let file = open(folder.file("x"), O_WRONLY | O_CREAT | O_TRUNC, 0o600)
    let writer = try PredictionWriter(format, choices: 2, to: ResultStream(file))
    for part in parts { try writer.write(part) }
    try writer.end()
    close(file)
    return String(decoding: try folder.bytes("x"), as: UTF8.self)
  }

  @Test func peopleSeeEveryCharacter() throws {
    #expect(
      try written(.text, [predictions]) == """
        a, "b".png
          0.7500  bee
          0.2500  say "ant"
        new\\nline\\u{1B}.png
          1.0000  say "ant"
          0.0000  bee

        """)
  }

  @Test func valuesAreQuotedWhereTheyMustBe() throws {
    #expect(
      try written(.csv, predictions.map { [$0] }) == """
        image,class1,probability1,class2,probability2
        "a, ""b"".png",bee,0.75,"say ""ant""\",0.25
        "new
        line\u{1B}.png","say ""ant""\",1.0,bee,1e-07

        """)
    #expect(try written(.csv, []) == "image,class1,probability1,class2,probability2\n")
  }

  @Test func documentsAreWholeHoweverTheyCome() throws {
    let lines = try written(.jsonLines, [predictions]).split(separator: "\n")
    #expect(lines.count == 2)
    for parts in [[predictions], predictions.map { [$0] }, [[], predictions, []]] {
      let text = try written(.json, parts)
      #expect(text == "{\"predictions\":[\(lines.joined(separator: ","))]}\n")
      let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
      let images = (object?["predictions"] as? [[String: Any]] ?? []).compactMap {
        $0["image"] as? String
      }
      #expect(images == predictions.map(\.image))
    }
    #expect(try written(.json, []) == "{\"predictions\":[]}\n")
    #expect(try written(.jsonLines, []).isEmpty)
  }
}
