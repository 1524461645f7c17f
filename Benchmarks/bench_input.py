"""From JPEG files to random inception crops, one core, against other programs: `Scripts/bench.sh input`.

    bench_input.py ROUNDS PHOTOS PYTHON TENSORFLOW

PHOTOS is what tiles.py made, PYTHON has OpenCV, Pillow, torchvision and simplejpeg, TENSORFLOW has TensorFlow or is
`failed: why`. All run in turn, so that a machine that slows down slows all; a ratio is taken within a round.
"""

import pathlib
import statistics
import sys

import records
from records import HOME, TOOL, Failed, say
from tables import input_table

SECONDS = 1800
SETS = {"tiles": "500 × 375 pixels, quality 90", "originals": "2,560 × 1,600 pixels"}
TITLES = {
    "opencv": "OpenCV: imdecode, crop, resize",
    "simplejpeg": "simplejpeg: decode_jpeg; OpenCV: crop, resize",
    "torchvision": "Pillow, torchvision's RandomResizedCrop",
    "tensorflow": "TensorFlow: decode_and_crop_jpeg, resize",
}


def peers(folder, pythons):
    """Microseconds of an image by each peer, and why the others have none."""
    times, failed = {}, {}
    for names, python in pythons.items():
        if python.startswith("failed"):
            failed |= {name: python[8:] for name in names.split(",")}
            continue
        try:
            result = records.run([python, HOME / "input_peers.py", folder, "--peers", names], SECONDS)
        except Failed as error:
            failed |= {name: str(error) for name in names.split(",")}
            continue
        times |= result["microseconds"]
        failed |= {name: records.reason(why) for name, why in result["failed"].items()}
    return times, failed


def ours(folder):
    return records.run([TOOL, "bench", "input", "--data", f"photos:{folder}", "--rounds", 1, "--json"], SECONDS)


def rows(own, others):
    times = [1e6 / one["imagesPerSecondPerCore"] for one in own]
    yield {"name": "funmatch", "microseconds": round(statistics.median(times), 2)}
    for name, title in TITLES.items():
        values = [other.get(name) for other in others]
        if None in values:
            continue
        ratios = [value / time for value, time in zip(values, times)]
        ratio = {"median": statistics.median(ratios), "low": min(ratios), "high": max(ratios)}
        yield {
            "name": title, "microseconds": round(statistics.median(values), 2),
            "ratio": {key: round(value, 4) for key, value in ratio.items()}}


def main():
    rounds, photos = int(sys.argv[1]), pathlib.Path(sys.argv[2])
    pythons = {"opencv,torchvision,simplejpeg": sys.argv[3], "tensorflow": sys.argv[4]}
    for name, words in SETS.items():
        own, others, failed, built = [], [], {}, records.binary()
        for number in range(1, rounds + 1):
            say(f"{name}: round {number} of {rounds}")
            own.append(ours(photos / name))
            times, why = peers(photos / name, pythons)
            others.append(times)
            failed |= why
        records.unchanged(built)
        result = {
            "words": words, "images": own[0]["images"], "size": 224, "rounds": rounds, "date": records.today(),
            "funmatch": records.version(), "binary": built, "programs": list(rows(own, others)),
            "failed": [[TITLES[peer], why] for peer, why in failed.items()],
            "decodeShare": round(statistics.median(one["decodeShare"] for one in own), 4),
        }
        records.keep_result("input", name, result)
        print("\n" + input_table(result), flush=True)
        loader = statistics.median(one["loaderImagesPerSecond"] for one in own)
        print(f"\nThe loader with {own[0]['workers']} workers: {loader:.0f} images/s.", flush=True)


if __name__ == "__main__":
    try:
        main()
    except Failed as error:
        sys.exit(f"bench: {error}")
