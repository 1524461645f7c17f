"""Writes the tables of results.json to standard output, as docs/speed.md has them: page.py steps|input.

Prints nothing where nothing is kept. Called by Scripts/update_docs.sh.
"""

import sys

import records
from tables import input_table, rates_line, step_table


def blocks(machine, entry, part):
    tables = entry.get(part, {})
    if not tables:
        return
    yield f"### {machine}"
    if part == "steps":
        yield rates_line(entry["rates"])
        yield from (step_table(title, result) for title, result in tables.items())
        yield ("In brackets: what the machine's GEMM rate and copy bandwidth leave for convolutions and linear layers, as a "
               "share of the time, in the faster of f32 and bf16 (int8 where the program says that the teacher is int8).")
    else:
        yield from (input_table(result) for result in tables.values())


def main():
    part = sys.argv[1]
    text = "\n\n".join(
        block for machine, entry in records.read("results.json").items() for block in blocks(machine, entry, part))
    if text:
        print(text)


if __name__ == "__main__":
    main()
