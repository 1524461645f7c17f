"""A second implementation of the paper's numerics, for Scripts/make_golden.py."""
