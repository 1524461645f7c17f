"""Writes lists.json: texts of records, and what Python's csv module reads in them, and list-splits.json: the splits of some
paths by hashlib. Needs nothing; the output is committed.

An entry of lists.json: the text, the delimiter, and the records with the line that each begins in, or null where csv refuses the text.
Records of one empty field are left out, which blank lines are here, and of runs of blanks empty fields at a line's end.
"""

import csv
import hashlib
import io
import json
import pathlib
import random

DELIMITERS = {"comma": ",", "tab": "\t", "semicolon": ";", "blanks": " "}
BY_HAND = [
    'path,label\r\na.png,cat\r\n"b, c.png","say ""moo"""\r\n',
    'a.png,"two\nlines"\nb.png,"two\r\nlines"\nc.png,one\n',
    '\n\na.png,1\n\n\nb.png,2\n\n',
    'a.png,\nb.png,""\n,\n',
    'a.png, cat\n  b.png,  "a dog"\n',
    'a"b.png,c""d\n',
    '"a.png"x,1\n',
    'a.png,"never closed\nb.png,2\n',
    'a.png,1\rb.png,2\r',
    'größe.png,é\n',
    'a.png,1',
    'a.png,1,',
]


def records(text, delimiter):
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=DELIMITERS[delimiter], strict=True,
        skipinitialspace=True)
    found = []
    while True:
        line = reader.line_num + 1
        try:
            fields = next(reader)
        except StopIteration:
            return found
        except csv.Error:
            return None
        while delimiter == "blanks" and fields and fields[-1] == "":
            fields.pop()
        if fields not in ([], [""]):
            found.append({"line": line, "fields": fields})


def split(text):
    """A quarter for test, an eighth for validation: bytes 0 to 63, and 64 to 95."""
    first = hashlib.sha256(text.encode()).digest()[0]
    return "test" if first < 64 else "validation" if first < 96 else "train"


def splits():
    paths = [f"images/cell{number:04}.png" for number in range(1, 121)]
    output = {path: {"path": split(path), "name": split(path.split("/")[-1])} for path in paths}
    path = pathlib.Path(__file__).parent / "list-splits.json"
    path.write_text(json.dumps(output, indent=0) + "\n")


def main():
    splits()
    lots = random.Random(1)
    entries = [(text, "comma") for text in BY_HAND]
    for number in range(300):
        delimiter = list(DELIMITERS)[number % 4]
        letters = ["a", "é", '"', '"', " ", "\n", "\r\n", "\r"] + 3 * [DELIMITERS[delimiter]]
        if number % 3:
            # Quotes that mostly fit.
            letters = ["a", "b c", '"a"', '"x\ny"', '"p""q"', "\n", "\r\n"] + 4 * [DELIMITERS[delimiter]]
        entries.append(("".join(lots.choices(letters, k=lots.randrange(1, 14))), delimiter))
    output = [
        {"text": text, "delimiter": delimiter, "records": records(text, delimiter)}
        for text, delimiter in entries
    ]
    path = pathlib.Path(__file__).parent / "lists.json"
    path.write_text("[\n" + ",\n".join(json.dumps(entry) for entry in output) + "\n]\n")
    refused = sum(entry["records"] is None for entry in output)
    print(f"{len(output)} texts, {refused} refused, {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
