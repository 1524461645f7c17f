#!/usr/bin/env python3
"""Shows on small made-up packages that Scripts/check_layers finds each kind of fault, and nothing where there is none.

    check_layers_test.py
"""
import importlib.machinery
import importlib.util
import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).parent / "check_layers"
sys.dont_write_bytecode = True
loader = importlib.machinery.SourceFileLoader("check_layers", str(SCRIPT))
check = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
loader.exec_module(check)

TABLE = [
    ("CCode", ""), ("Settings", ""), ("Files", ""), ("Images", ""), ("Torch", "CCode Files"), ("NN", "Torch"),
    ("Views", "Images"),
]


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name).resolve()

    def write(self, files):
        for path, text in files.items():
            path = self.root / path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def faults(self, files, manifest=()):
        """What is wrong with files of Sources; `manifest` holds (target, path, dependencies)."""
        self.write({"Sources/" + path: text for path, text in files.items()})
        targets = [
            {"name": name, "type": "regular", "path": path,
             "dependencies": [{"byName": [other, None]} for other in others]}
            for name, path, others in manifest]
        return check.find_faults(self.root, {"targets": targets}, TABLE)


class TargetTests(Case):
    def test_that_the_table_is_in_order_and_closed(self):
        layers = check.Layers()
        self.assertIn("CZip", layers.allowed["Reports"])
        self.assertEqual(layers.allowed["funmatch"] | check.EVERYWHERE, set(layers.heights) - {"funmatch"})
        with self.assertRaises(KeyError):
            check.Layers([("NN", "Torch"), ("Torch", "")])

    def test_imports_that_are_allowed(self):
        self.assertEqual(self.faults({
            "NN/A.swift": "import Foundation\nimport FunMatchTorch\nimport FunMatchSettings\n",
            "NN/B.swift": "internal import CCode\n@preconcurrency import FunMatchFiles\nimport FunMatchNN\n",
            "NN/C.swift": "// import FunMatchViews\nlet text = \"\"\"\n  import FunMatchViews\n  \"\"\"\n"}), [])

    def test_imports_that_are_not(self):
        self.assertEqual(self.faults({
            "Torch/A.swift": "import Foundation\n@_exported public import FunMatchNN\n",
            "NN/A.swift": "import FunMatchImages\n",
            "Files/A.swift": "import struct FunMatchImages.Box\n"}), [
                "Sources/Files/A.swift:1: imports FunMatchImages, but Images stands at the height of Files",
                "Sources/NN/A.swift:1: imports FunMatchImages, but the table does not allow Images to NN",
                "Sources/Torch/A.swift:2: imports FunMatchNN, but NN stands above Torch"])

    def test_dependencies_in_the_manifest(self):
        self.assertEqual(
            self.faults({"NN/A.swift": ""}, [
                ("FunMatchTorch", "Sources/Torch", ["FunMatchNN", "CCode"]),
                ("FunMatchNN", None, ["FunMatchTorch", "Yams"]),
                ("FunMatchFiles", "Tests/Files", ["FunMatchNN"])]),
            ["Package.swift: FunMatchTorch depends on FunMatchNN, but NN stands above Torch"])

    def test_unknown_targets(self):
        words = "no target of this name is in the table at the top of Scripts/check_layers"
        self.assertEqual(
            self.faults({"Other/A.swift": "", "NN/A.swift": "import FunMatchThird\n"}, [("FunMatchFourth", None, [])]),
            [f"{name}: {words}" for name in ("Fourth", "Other", "Third")])

    def test_that_no_sources_are_a_fault(self):
        self.assertEqual(len(self.faults({"CCode/a.c": ""})), 1)


class FolderTests(Case):
    def test_arrows_one_way(self):
        self.assertEqual(self.faults({
            "NN/Low/A.swift": "struct A {}\n", "NN/High/B.swift": "struct B { let a: A }\n",
            "NN/C.swift": "func c() -> (A, B) {}\n"}), [])

    def test_a_circle_of_two(self):
        self.assertEqual(self.faults({
            "NN/A.swift": "struct A {\n  let b: B\n}\n", "NN/Inner/B.swift": "final class B {}\n\nextension A {}\n"}), [
                "NN: folders in a circle: NN -> NN/Inner (Sources/NN/A.swift:2 mentions B)"
                " -> NN (Sources/NN/Inner/B.swift:3 mentions A)"])

    def test_a_circle_of_three_and_what_leads_to_it(self):
        faults = self.faults({
            "NN/One/A.swift": "enum A { case b(B) }\n", "NN/Two/B.swift": "actor B { var c: C? }\n",
            "NN/Three/C.swift": "protocol C { func a() -> A }\n", "NN/Four/D.swift": "typealias D = (A, B, C)\n"})
        self.assertEqual(len(faults), 1)
        self.assertIn("NN/One -> NN/Two (Sources/NN/One/A.swift:1 mentions B) -> NN/Three", faults[0])
        self.assertNotIn("Four", faults[0])

    def test_a_circle_that_only_whole_folders_make(self):
        self.assertEqual(len(self.faults({
            "NN/One/X/A.swift": "struct A {}\n", "NN/Two/B.swift": "struct B { let a: A }\n",
            "NN/One/Y/C.swift": "struct C { let b: B }\n"})), 1)

    def test_a_circle_deeper_down(self):
        faults = self.faults({
            "NN/One/X/A.swift": "struct A { let b: B }\n", "NN/One/Y/B.swift": "struct B { let a: A }\n"})
        self.assertEqual(len(faults), 1)
        self.assertIn("NN/One/X -> NN/One/Y", faults[0])

    def test_that_targets_are_looked_at_apart(self):
        self.assertEqual(self.faults({
            "NN/A.swift": "struct A { let b: B }\n",
            "Torch/Inner/B.swift": "struct B {}\nstruct C { let a: A }\n"}), [])

    def mentions(self, text):
        """Whether the folder of `text` mentions Low, which declares A, Key and FunMatchTool."""
        faults = self.faults({
            "NN/Low/A.swift": "struct A { let top: Top }\nstruct Key {}\nstruct FunMatchTool {}\n",
            "NN/Top.swift": "struct Top {}\n" + text})
        self.assertFalse([fault for fault in faults if "circle" not in fault], faults)
        return bool(faults)

    def test_mentions(self):
        for text in (
            "let a = A()", "let a: [A?]", "let range = 0..<A.count", "let range = 0...A.count", "func a<T: A>(_: T) {}",
            'let text = "of \\(A().name + "and") it"', 'let text = #"of \\#(A()) it"#', "let a = FunMatchNN.A()",
            "let tool = FunMatchTool()",
            'let quote = /"/\nlet a = A()', "let half = x / y\nlet a = A() / 2", "/* /* */ */ let a = A()",
            "struct Outer { enum Key {} }\nlet key: Key", "class Outer { class func make() -> A {} }",
        ):
            with self.subTest(text):
                self.assertTrue(self.mentions(text))

    def test_what_is_no_mention(self):
        for text in (
            "// A", "/* A /* A */ A */", 'let text = "A \\" A"', 'let text = """\n  A "A" A\n  """',
            'let text = #"A" A"#',
            "let a = other.A", "let a: Other.A", "let a = FunMatchTorch.A()", "func a<A>(_: A) {}", "let pattern = /A/",
            "struct Outer { enum Key { case k }\n let key: Key }",
            "struct Outer { enum Key {} }\nextension Outer { func key() -> Key {} }",
            "private enum Key {}\nlet key: Key", "func f() { struct Key {}\n let key: Key }",
            "protocol P { associatedtype Key\n func key() -> Key }", "let a = AA()",
        ):
            with self.subTest(text):
                self.assertFalse(self.mentions(text))

    def test_nested_types_by_their_qualified_names(self):
        high = {"NN/High/Inner.swift": "extension Top { enum Inner {} }\n"}
        for outer, mentions in (("Top", True), ("Other", False)):
            faults = self.faults({"NN/Top.swift": f"struct Top {{ let i: {outer}.Inner }}\n", **high})
            self.assertEqual(["mentions Top.Inner" in fault for fault in faults], [True] * mentions)

    def test_that_code_that_is_read_wrongly_is_told(self):
        for text, words in (("struct A {\n", "not closed"), ("struct A {}\n}\n", "A.swift:2")):
            with self.subTest(text):
                self.assertIn(words, "".join(self.faults({"NN/A.swift": text})))


class SizeTests(Case):
    def test_twenty_files_in_a_folder_at_most(self):
        files = {f"NN/Inner/F{number}.swift": "" for number in range(20)}
        self.assertEqual(self.faults({**files, "NN/G.swift": "", "NN/Inner/H.pb.swift": ""}), [])
        self.assertEqual(
            self.faults({"NN/Inner/G.swift": ""}), ["Sources/NN/Inner: holds 21 Swift files, more than 20"])

    def test_400_lines_in_a_file_at_most(self):
        self.assertEqual(self.faults({"NN/A.swift": "\n" * 400, "NN/B.pb.swift": "\n" * 401}), [])
        self.assertEqual(
            self.faults({"NN/A.swift": "\n" * 401}), ["Sources/NN/A.swift: has 401 lines, more than 400"])


class ToolTests(Case):
    PACKAGE = """// swift-tools-version: 6.1
import PackageDescription
func module(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(name: "FunMatch" + name, dependencies: dependencies, path: "Sources/" + name)
}
let package = Package(name: "Made", targets: [module("Torch", [%s]), module("NN", [%s])])
"""

    def run_tool(self, *arguments):
        return subprocess.run([SCRIPT, *arguments, self.root], capture_output=True, text=True)

    def test_a_package_in_order_and_one_that_is_not(self):
        self.write({
            "Package.swift": self.PACKAGE % ("", '"FunMatchTorch"'), "Sources/Torch/A.swift": "struct A {}\n",
            "Sources/NN/B.swift": "import FunMatchTorch\n"})
        done = self.run_tool()
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))
        self.write({
            "Package.swift": self.PACKAGE % ('"FunMatchNN"', ""), "Sources/Torch/A.swift": "import FunMatchNN\n"})
        done = self.run_tool()
        self.assertEqual((done.returncode, done.stdout.splitlines(), done.stderr), (1, [
            "Package.swift: FunMatchTorch depends on FunMatchNN, but NN stands above Torch",
            "Sources/Torch/A.swift:1: imports FunMatchNN, but NN stands above Torch"], ""))

    def test_a_manifest_that_cannot_be_read(self):
        self.write({"Package.swift": "nonsense\n", "Sources/NN/A.swift": ""})
        done = self.run_tool()
        self.assertEqual(done.returncode, 1)
        self.assertIn("Package.swift cannot be read", done.stderr)

    def test_arrows(self):
        self.write({"Sources/NN/A.swift": "struct A {}\n", "Sources/NN/Inner/B.swift": "let a: A\n"})
        self.assertEqual(
            self.run_tool("--arrows").stdout, "NN/Inner -> NN: Sources/NN/Inner/B.swift:1 mentions A\n")


if __name__ == "__main__":
    unittest.main()
