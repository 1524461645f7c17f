import ArgumentParser
import Foundation
import FunMatchDatasets
import FunMatchFiles
import FunMatchSettings

/// `funmatch data list`: every data set that has a name.
struct DataList: RegistryCommand {
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

  func run(_ registry: Registry) throws {
    var entries: [Entry] = []
    let datasets = images.datasets(registry)
    for card in datasets.cards {
      let splits = card.splits.map { "\($0.name) \(NumberText.grouped($0.count))" }
      let state = state(of: card, datasets)
      let name = card.name.padding(toLength: 14, withPad: " ", startingAt: 0)
      print("\(name)\(state.padding(toLength: 10, withPad: " ", startingAt: 0))\(card.summary)")
      print("\(String(repeating: " ", count: 24))\(splits.joined(separator: ", "))")
      entries.append(
        Entry(
          name: card.name, classes: card.classes,
          splits: Dictionary(uniqueKeysWithValues: card.splits.map { ($0.name, $0.count) }),
          isHere: state == "here"))
    }
    print(
      """

      Without a name: folder:PATH[:SPLIT] (class/image.jpg, or only images without labels),
      photos:PATH (images at any depth, no labels), tar:shards-{000..127}.tar (WebDataset),
      list:labels.csv[?KEY=VALUE&...][:SPLIT] (paths and labels in a text; docs/data.md has the keys).
      """)
    if json { print(try JSONText.line(["datasets": entries])) }
  }

  /// Whether the first split that is there can be opened; says on standard error why not, if it is not
  /// simply absent.
  private func state(of card: DatasetCard, _ datasets: DatasetRegistry) -> String {
    for split in card.splits {
      do {
        _ = try datasets.open(DatasetReference("\(card.name):\(split.name)"))
        return "here"
      } catch let error as DatasetError where error.isAbsence {
        continue
      } catch {
        Terminal().say("\(error)")
        return "damaged"
      }
    }
    return "not here"
  }
}
