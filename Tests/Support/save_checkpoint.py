"""Saves a PyTorch checkpoint of several state dictionaries: FILE KEY=WEIGHTS.safetensors..."""

import sys

import safetensors.torch
import torch

pairs = [argument.split("=", 1) for argument in sys.argv[2:]]
torch.save({"epoch": 3, **{key: safetensors.torch.load_file(path) for key, path in pairs}}, sys.argv[1])
