"""Checks an ONNX file, runs it with ONNX's own evaluator and with ONNX Runtime, and prints what is in it as JSON.

run_onnx.py MODEL.onnx IMAGES.npy LOGITS.npy    IMAGES is float32 (N, 3, H, W); the evaluator's LOGITS are written.

The evaluator is what defines ONNX. It is given the graph in double precision, so that how far ONNX Runtime is from it in
single precision tells how far others may be.
"""

import json
import sys

import numpy
import onnx
import onnxruntime
from onnx.reference import ReferenceEvaluator

path, images, logits = sys.argv[1:]
model = onnx.load(path)
onnx.checker.check_model(model, full_check=True)
images = numpy.load(images)


def widened(model):
    """The same graph with all that is not an integer in double precision."""
    wide = onnx.ModelProto()
    wide.CopyFrom(model)
    graph, double = wide.graph, onnx.TensorProto.DOUBLE
    for value in graph.initializer:
        array = onnx.numpy_helper.to_array(value)
        if array.dtype.kind == "f":
            value.CopyFrom(onnx.numpy_helper.from_array(array.astype(numpy.float64), value.name))
    for value in [*graph.input, *graph.output, *graph.value_info]:
        value.type.tensor_type.elem_type = double
    for node in graph.node:
        for attribute in node.attribute:
            if node.op_type == "Cast" and attribute.name == "to":
                attribute.i = double
    return wide


def run(level):
    """Logits of ONNX Runtime with the graph as it is, or as it rewrites it, which takes other kernels."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.graph_optimization_level = level
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"images": images})[0]


(exact,) = ReferenceEvaluator(widened(model)).run(["logits"], {"images": images.astype(numpy.float64)})
numpy.save(logits, exact)
levels = onnxruntime.GraphOptimizationLevel
errors = [abs(run(level) - exact).max() for level in (levels.ORT_ENABLE_ALL, levels.ORT_DISABLE_ALL)]

graph = model.graph
used = {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
made = {name for node in graph.node for name in node.output} | {value.name for value in graph.initializer}


def sizes(value):
    return [dimension.dim_param or str(dimension.dim_value) for dimension in value.type.tensor_type.shape.dim]


print(
    json.dumps(
        {
            "deviation": max(errors) / abs(exact).max(),
            "producer": model.producer_name,
            "opset": model.opset_import[0].version,
            "images": sizes(graph.input[0]),
            "logits": sizes(graph.output[0]),
            "metadata": {entry.key: entry.value for entry in model.metadata_props},
            "operators": [node.op_type for node in graph.node],
            "nodes": [node.name for node in graph.node],
            "halves": [value.name for value in graph.initializer if value.data_type == onnx.TensorProto.FLOAT16],
            "unused": sorted(made - used),
        }
    )
)
