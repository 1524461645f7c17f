"""Draws a random inception crop of every image in a folder with other programs, on one core.

    input_peers.py FOLDER --peers opencv,torchvision,simplejpeg,tensorflow [--size 224] [--count 512]

Writes one JSON object: microseconds an image for each, or why it failed. Files are in memory before the clock starts.
simplejpeg decodes whole images and leaves crop and resize to OpenCV. TensorFlow decodes the crop alone, in a pipeline of
tf.data, as the official code does.
"""

import argparse
import io
import json
import os
import pathlib
import random
import time

SCALE, RATIO = (0.05, 1.0), (0.75, 1.33)


def box(height, width, source):
    """Area 5 to 100 %, aspect 0.75 to 1.33, as the official sampler draws it."""
    while True:
        aspect = source.uniform(*RATIO)
        low = round((SCALE[0] * height * width / aspect) ** 0.5)
        high = min(round((height * width / aspect) ** 0.5), height, int(width / aspect))
        if high < 1:
            continue
        h = source.randint(min(low, high), high)
        w = round(h * aspect)
        if 0 < w <= width and h > 0:
            return source.randint(0, height - h), source.randint(0, width - w), h, w


def cropping(size, files, decode):
    import cv2

    cv2.setNumThreads(1)

    def work():
        source = random.Random(0)
        for data in files:
            image = decode(data)
            y, x, h, w = box(*image.shape[:2], source)
            view = cv2.resize(image[y : y + h, x : x + w], (size, size), interpolation=cv2.INTER_LINEAR)
            if source.random() < 0.5:
                view = cv2.flip(view, 1)

    return work


def opencv(size, files):
    import cv2
    import numpy

    return cropping(size, files, lambda data: cv2.imdecode(numpy.frombuffer(data, numpy.uint8), cv2.IMREAD_COLOR_RGB))


def simplejpeg(size, files):
    import simplejpeg

    # Photographs may have stray bytes between segments, which the other decoders pass over, too.
    return cropping(size, files, lambda data: simplejpeg.decode_jpeg(data, colorspace="RGB", strict=False))


def torchvision(size, files):
    import numpy
    import torch
    from PIL import Image

    # Next to a CPU-only torch, torchvision's compiled operators are missing; its transforms only need them to have names.
    operators = torch.library.Library("torchvision", "FRAGMENT")
    for operator in ("nms", "qnms"):
        if not hasattr(torch.ops.torchvision, operator):
            operators.define(f"{operator}(Tensor boxes, Tensor scores, float threshold) -> Tensor")
    from torchvision import transforms

    torch.set_num_threads(1)
    draw = transforms.Compose(
        [transforms.RandomResizedCrop(size, scale=SCALE, ratio=RATIO), transforms.RandomHorizontalFlip()])

    def work(operators=operators):  # which are undefined when they are collected
        torch.manual_seed(0)
        for data in files:
            numpy.asarray(draw(Image.open(io.BytesIO(data)).convert("RGB")))

    return work


def tensorflow(size, files):
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    whole = tf.constant([[[0.0, 0.0, 1.0, 1.0]]])

    def view(data):
        begin, extent, _ = tf.image.sample_distorted_bounding_box(
            tf.io.extract_jpeg_shape(data), whole, seed=1, area_range=SCALE, aspect_ratio_range=RATIO,
            min_object_covered=0.0, use_image_if_no_bounding_boxes=True)
        window = tf.stack([begin[0], begin[1], extent[0], extent[1]])
        image = tf.image.decode_and_crop_jpeg(data, window, channels=3)
        image = tf.cast(tf.image.resize(image, [size, size]), tf.uint8)
        return tf.image.random_flip_left_right(image, seed=1)

    options = tf.data.Options()
    options.threading.private_threadpool_size = 1
    options.threading.max_intra_op_parallelism = 1

    # Made once: tracing takes as long as many images.
    views = tf.data.Dataset.from_tensor_slices(files).map(view).with_options(options)

    def work():
        for _ in views:
            pass

    return work


def seconds(work):
    work()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main():
    peers = {"opencv": opencv, "torchvision": torchvision, "simplejpeg": simplejpeg, "tensorflow": tensorflow}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder")
    parser.add_argument("--peers", required=True)
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--count", type=int, default=512)
    arguments = parser.parse_args()
    paths = sorted(pathlib.Path(arguments.folder).glob("*.jpg"))
    number = min(len(paths), arguments.count)
    files = [paths[place * len(paths) // number].read_bytes() for place in range(number)]
    result = {"images": number, "microseconds": {}, "failed": {}}
    for name in arguments.peers.split(","):
        try:
            result["microseconds"][name] = seconds(peers[name](arguments.size, files)) / number * 1e6
        except Exception as error:  # whatever a library does, the others are still measured
            result["failed"][name] = f"{type(error).__name__}: {error}"
    print(json.dumps(result))


if __name__ == "__main__":
    main()
