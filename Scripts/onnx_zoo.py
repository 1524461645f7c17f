"""Saves classifiers of one exporter as ONNX files, with what ONNX Runtime makes of images: `Scripts/onnx_zoo.sh`.

    onnx_zoo.py torch|tensorflow|paddle|optimum FOLDER

Writes NAME.onnx, NAME.images.npy (4, 3, side, side), NAME.logits.npy, and an entry in FOLDER/EXPORTER.json for each:
name, side, layout and outputs, as a recipe has them. Weights are random; what they are does not matter here.
"""

import json
import pathlib
import sys

import numpy
import onnxruntime

exporter, folder = sys.argv[1], pathlib.Path(sys.argv[2])
folder.mkdir(parents=True, exist_ok=True)
entries = []


def keep(name, side, layout="nchw", outputs="logits"):
    """Runs what was saved as NAME.onnx."""
    path = folder / f"{name}.onnx"
    images = numpy.random.default_rng(0).uniform(-1, 1, (4, 3, side, side)).astype("float32")
    given = images.transpose(0, 2, 3, 1) if layout == "nhwc" else images
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    [value] = session.get_inputs()
    scores = numpy.concatenate(
        [session.run(None, {value.name: numpy.ascontiguousarray(given[row:row + 1])})[0] for row in range(4)])
    numpy.save(folder / f"{name}.images.npy", images)
    numpy.save(folder / f"{name}.logits.npy", numpy.log(scores) if outputs == "probabilities" else scores)
    entries.append({"name": name, "side": side, "layout": layout, "outputs": outputs})


def torch_files():
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "Benchmarks"))
    import torch
    from peer_timm import import_timm

    timm, _ = import_timm()
    torch.manual_seed(0)
    # By tracing in the oldest opset that is read, in the usual one, and by torch.export.
    for name, side, opset in (("regnety_002", 96, 11), ("deit_tiny_patch16_224", 224, 17), ("convnext_atto", 96, None)):
        network = timm.create_model(name, num_classes=12).eval()
        images, path = torch.zeros(2, 3, side, side), folder / f"torch-{name}.onnx"
        if opset is None:
            shapes = ({0: torch.export.Dim("batch", min=1, max=64)},)
            torch.onnx.export(
                network, (images,), path, dynamo=True, external_data=True, dynamic_shapes=shapes, opset_version=18)
        else:
            torch.onnx.export(
                network, (images,), path, dynamo=False, opset_version=opset, input_names=["images"],
                dynamic_axes={"images": {0: "batch"}})
        keep(f"torch-{name}", side)


def tensorflow_files():
    import tensorflow
    import tf2onnx

    applications = tensorflow.keras.applications
    for name, make, ends in (
            ("mobilenet-v2", applications.MobileNetV2, "softmax"),
            ("mobilenet-v3-small", applications.MobileNetV3Small, None),
            ("densenet-121", applications.DenseNet121, "softmax")):
        network = make(weights=None, input_shape=(96, 96, 3), classes=12, classifier_activation=ends)
        signature = [tensorflow.TensorSpec((None, 96, 96, 3), tensorflow.float32, name="images")]
        function = tensorflow.function(lambda x: network(x, training=False), input_signature=signature)
        tf2onnx.convert.from_function(
            function, input_signature=signature, opset=17, output_path=str(folder / f"tensorflow-{name}.onnx"))
        keep(f"tensorflow-{name}", 96, "nhwc", "probabilities" if ends else "logits")


def paddle_files():
    import paddle

    paddle.seed(0)
    for name in ("mobilenet_v3_small", "shufflenet_v2_x0_25"):
        network = getattr(paddle.vision.models, name)(num_classes=12)
        network.eval()
        spec = [paddle.static.InputSpec([None, 3, 96, 96], "float32", "images")]
        paddle.onnx.export(network, str(folder / f"paddle-{name}"), input_spec=spec, opset_version=14)
        keep(f"paddle-{name}", 96)


def optimum_files():
    import transformers
    from optimum.exporters.onnx import main_export

    for name, network in (
            ("vit", transformers.ViTForImageClassification(transformers.ViTConfig(
                hidden_size=96, num_hidden_layers=3, num_attention_heads=3, intermediate_size=192, image_size=96,
                num_labels=12))),
            ("resnet", transformers.ResNetForImageClassification(transformers.ResNetConfig(
                embedding_size=16, hidden_sizes=[32, 48, 64, 96], depths=[1, 1, 1, 1], num_labels=12)))):
        saved = folder / "transformers" / name
        network.eval().save_pretrained(saved)
        transformers.ViTImageProcessor(size={"height": 96, "width": 96}).save_pretrained(saved)
        main_export(str(saved), output=saved / "onnx", task="image-classification", do_validation=False)
        (saved / "onnx" / "model.onnx").rename(folder / f"optimum-{name}.onnx")
        keep(f"optimum-{name}", 96)


{"torch": torch_files, "tensorflow": tensorflow_files, "paddle": paddle_files, "optimum": optimum_files}[exporter]()
(folder / f"{exporter}.json").write_text(json.dumps(entries, indent=2) + "\n")
