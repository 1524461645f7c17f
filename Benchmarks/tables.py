"""Tables in Markdown of what records.py keeps, for the terminal and for docs/speed.md."""

FLOATS = ("f32", "bf16")


def limit(result, role, row):
    """The lowest limit of those formats that a program may use: int8 only where it says so."""
    own = str(row.get("teacherPrecision") or row.get("precision") or row["name"])
    formats = FLOATS + (("int8",) if role == "teacher" and "int8" in own else ())
    known = [value for name, value in result["limits"][role].items() if name in formats]
    return min(known, default=None)


def share(result, role, row):
    least = limit(result, role, row)
    return "" if least is None else f" ({least / row[role + 'Seconds']:.0%})"


def title_of(row):
    words = [f"{key} {row[key]}" for key in ("engine", "precision", "teacherPrecision", "threads", "teacherAhead") if key in row]
    return row["name"] + (f" ({', '.join(words)})" if words and row["name"].startswith("funmatch") else "")


def step_row(result, row):
    cells = [title_of(row), f"{row['imagesPerSecond']:.2f}"]
    cells += [f"{row[role + 'Seconds']:.3f}{share(result, role, row)}" for role in ("teacher", "student")]
    cells.append(f"{row['optimizerSeconds']:.4f}")
    ratio = row.get("ratio")
    cells.append(f"{ratio['median']:.2f} × ({ratio['low']:.2f} to {ratio['high']:.2f})" if ratio else "")
    return "| " + " | ".join(cells) + " |"


def rounds_of(result):
    return "one round" if result["rounds"] == 1 else f"medians of {result['rounds']} rounds, ratios within a round"


def step_table(title, result):
    lines = [
        f"**{title}**: {result['pair']}, {result['threads']} threads",
        "",
        "| | images/s | teacher s | student s | optimizer s | funmatch is faster by |",
        "|---|---|---|---|---|---|",
        *(step_row(result, row) for row in result["programs"]),
        "",
        f"({result['date']}, funmatch {result['funmatch']}, binary {result['binary']}, timm {result['timm']}, "
        f"{rounds_of(result)}; the best of {result['screened']} settings that ran)",
    ]
    if result["failed"]:
        lines += ["", *(f"- failed: {name}: {why}" for name, why in result["failed"])]
    return "\n".join(lines)


def input_table(result):
    lines = [
        f"**{result['images']} JPEGs of {result['words']}**, a random inception crop of {result['size']} px, one core",
        "",
        "| | µs/image | images/s | funmatch is faster by |",
        "|---|---|---|---|",
    ]
    for row in result["programs"]:
        ratio = row.get("ratio")
        faster = f"{ratio['median']:.2f} × ({ratio['low']:.2f} to {ratio['high']:.2f})" if ratio else ""
        lines.append(f"| {row['name']} | {row['microseconds']:,.0f} | {1e6 / row['microseconds']:,.0f} | {faster} |")
    lines += [
        "",
        f"({result['date']}, funmatch {result['funmatch']}, binary {result['binary']}, {rounds_of(result)}; "
        f"decoding is {result['decodeShare']:.0%} of our time)",
    ]
    lines += ["", *(f"- failed: {name}: {why}" for name, why in result["failed"])] if result["failed"] else []
    return "\n".join(lines)


def rates_line(rates):
    gemm = ", ".join(f"{name} {value / 1e9:,.0f}" for name, value in rates["gemm"].items())
    return (f"GEMM of 2,048³ with {rates['threads']} threads, billions of operations a second: {gemm}; "
            f"a copy moves {rates['bandwidth'] / 1e9:.0f} GB/s.")
