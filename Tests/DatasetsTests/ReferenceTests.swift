import Foundation
import FunMatchDatasets
import Testing

struct ReferenceTests {
  @Test(arguments: [
    ("pets", "pets", nil, nil, nil), ("pets:test", "pets", nil, "test", nil),
    ("pets:train[:90%]", "pets", nil, "train", ":90%"), ("pets[10:]", "pets", nil, nil, "10:"),
    ("folder:a/b", "folder", "a/b", nil, nil), ("folder:a/b:train", "folder", "a/b", "train", nil),
    ("folder:/a b/c:val[:50%]", "folder", "/a b/c", "val", ":50%"),
    ("folder:a[90%:]", "folder", "a", nil, "90%:"), ("folder:a:b/c", "folder", "a:b/c", nil, nil),
    ("folder:a:b:c", "folder", "a:b", "c", nil),
    ("folder:a [2019]", "folder", "a [2019]", nil, nil),
    ("folder:a[1:2][3:4]", "folder", "a[1:2]", nil, "3:4"),
    ("folder:a[1:2]:c", "folder", "a[1:2]", "c", nil),
    ("tar:s-{000..127}.tar", "tar", "s-{000..127}.tar", nil, nil),
    ("tar:s-{a,b}.tar[:5]", "tar", "s-{a,b}.tar", nil, ":5"),
    ("photos:größe", "photos", "größe", nil, nil), ("folders:train", "folders", nil, "train", nil),
    ("list:a/l.csv", "list", "a/l.csv", nil, nil),
    ("list:l.csv:train[:5]", "list", "l.csv", "train", ":5"),
    ("list:l.csv?label=3&threshold=0.5:test", "list", "l.csv", "test", nil),
    ("list:what?.csv?label=is it%3F[1:]", "list", "what?.csv", nil, "1:"),
    ("folder:a?label=3", "folder", "a?label=3", nil, nil),
  ])
  func partsAreFoundAndWrittenAgain(
    text: String, name: String, path: String?, split: String?, slice: String?
  ) throws {
    let reference = try DatasetReference(text)
    #expect(reference.name == name)
    #expect(reference.path == path)
    #expect(reference.split == split)
    #expect(reference.slice == slice)
    #expect((reference.query != nil) == (name == "list" && text.contains("label=")))
    #expect(reference.description == text)
    let coded = try JSONEncoder().encode([reference])
    #expect(try JSONDecoder().decode([DatasetReference].self, from: coded) == [reference])
  }

  @Test(arguments: [
    "", "a b", "x:train[", "x:train[1]", "x:train[a:b]", "x:train[:200%]", "x:a/b", "x[1]",
    "folder", "folder:", "list:", "list:l.csv?label=", "list:l.csv?lable=3", "tar", "photos:",
    "folder:a[b:c]", "folder:a[50%]",
  ])
  func othersAreRefused(text: String) {
    #expect(throws: DatasetError.self) { try DatasetReference(text) }
  }
}
