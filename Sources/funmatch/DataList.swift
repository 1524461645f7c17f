import ArgumentParser
import FunMatchDatasets
import FunMatchExperiments

/// `funmatch data list`: every data set that has a name.
struct DataList: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "list", abstract: "List the data sets that have a name, and which are here.")

  @Flag(help: "Write one JSON object as the last line.")
  var json = false

  @OptionGroup var images: DataOptions

  private struct Entry: Encodable {
    let name: String
    let classes: Int
    let splits: [String: Int]
    let isHere: Bool
  }

  func run() throws {
    var entries: [Entry] = []
    for card in DatasetRegistry.known {
      let splits = card.splits.map { "\($0.name) \(Comparison.grouped($0.count))" }
      let isHere = card.splits.contains { split in
        (try? images.registry.open(DatasetReference("\(card.name):\(split.name)"))) != nil
      }
      let name = card.name.padding(toLength: 14, withPad: " ", startingAt: 0)
      print("\(name)\(isHere ? "here    " : "not here")  \(card.summary)")
      print("\(String(repeating: " ", count: 24))\(splits.joined(separator: ", "))")
      entries.append(
        Entry(
          name: card.name, classes: card.classes,
          splits: Dictionary(uniqueKeysWithValues: card.splits.map { ($0.name, $0.count) }),
          isHere: isHere))
    }
    print(
      """

      Without a name: folder:PATH[:SPLIT] (class/image.jpg, or only images without labels),
      photos:PATH (images at any depth, no labels), tar:shards-{000..127}.tar (WebDataset).
      """)
    if json { print(try JSONLine.text(["datasets": entries])) }
  }
}
