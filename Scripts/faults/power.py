"""What a power cut leaves of files whose last bytes were not brought to the disk."""
import os
import pathlib


def tear(log, lots):
    """Tears off, or fills with zeros, a part of the bytes that no call in the log brought to the disk.

    Returns the names of the files that lost something. What a power cut may do beside that is left out: the order in which
    names appear, and bytes that were written over older ones.
    """
    safe, written = {}, set()
    for line in pathlib.Path(log).read_text(errors="replace").splitlines():
        word, _, rest = line.partition(" ")
        if word in ("opened", "synced", "truncated"):
            size, _, path = rest.partition(" ")
            size = int(size)
            # What is there when a file is opened first is on the disk: the cut before spared it.
            safe[path] = size if word == "synced" else min(safe.get(path, size), size)
        elif word == "renamed":
            old, _, new = rest.partition("\t")
            safe[new] = safe.pop(old, 0)
            written.add(new)
        elif word.isdigit():
            written.add(rest.removesuffix(" !").partition(" ")[2])
    torn = []
    for path in sorted(written):
        if not os.path.isfile(path) or os.path.islink(path):
            continue
        size = os.path.getsize(path)
        known = safe.get(path)
        if known is None or known >= size:
            continue
        end = lots.randint(known, size)
        if end == size:
            continue
        with open(path, "r+b") as file:
            file.truncate(end)
            # Some file systems keep the length and lose the bytes.
            if lots.random() < 0.5:
                file.truncate(size)
        torn.append(os.path.basename(path))
    return torn
