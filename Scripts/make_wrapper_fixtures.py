#!/usr/bin/env python3
"""Makes Tests/ModelsTests/Fixtures/transformers.json: config.json files as transformers writes them.

Run: python3 Scripts/make_wrapper_fixtures.py   (needs transformers alone; made with 5.24.0, and 4.48.3 writes the same keys)

Of a network of timm in transformers' wrapper, with names of its classes and without; and of networks of its own.
"""

import json
import pathlib
import tempfile

from transformers import ResNetConfig, TimmWrapperConfig, ViTConfig

OUT = pathlib.Path(__file__).resolve().parent.parent / "Tests/ModelsTests/Fixtures/transformers.json"

# As timm's own config.json of weights for ImageNet, from which somebody goes on.
TIMM = {
    "architecture": "mobilenetv3_small_050",
    "num_classes": 1000,
    "num_features": 1024,
    "global_pool": "avg",
    "pretrained_cfg": {
        "tag": "lamb_in1k",
        "num_classes": 1000,
        "input_size": [3, 224, 224],
        "interpolation": "bicubic",
        "crop_pct": 0.875,
        "crop_mode": "center",
        "mean": [0.485, 0.456, 0.406],
        "std": [0.229, 0.224, 0.225],
        "first_conv": "conv_stem",
        "classifier": "classifier",
    },
}


def written(config, architecture):
    config.architectures = [architecture]
    with tempfile.TemporaryDirectory() as folder:
        config.save_pretrained(folder)
        return json.loads((pathlib.Path(folder) / "config.json").read_text())


def wrapped(**labels):
    return written(TimmWrapperConfig.from_dict(dict(TIMM), **labels), "TimmWrapperForImageClassification")


names = {0: "daisy", 1: "rose", 2: "tulip"}
fixtures = {
    "named": wrapped(num_labels=3, id2label=names, label2id={name: index for index, name in names.items()}),
    "nameless": wrapped(num_labels=3),
    "resnet": written(ResNetConfig(num_labels=3), "ResNetForImageClassification"),
    "vit": written(ViTConfig(num_labels=3, id2label=names), "ViTForImageClassification"),
}
OUT.write_text(json.dumps(fixtures, indent=1, sort_keys=True) + "\n")
