"""Checks an ONNX file, runs it with ONNX Runtime, and prints what is in it as JSON.

run_onnx.py MODEL.onnx IMAGES.npy LOGITS.npy    IMAGES is float32 (N, 3, H, W); LOGITS is written.
"""

import json
import sys

import numpy
import onnx
import onnxruntime

path, images, logits = sys.argv[1:]
model = onnx.load(path)
onnx.checker.check_model(model, full_check=True)
options = onnxruntime.SessionOptions()
options.intra_op_num_threads = 1
session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
(result,) = session.run(["logits"], {"images": numpy.load(images)})
numpy.save(logits, result)

graph = model.graph
used = {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
made = {name for node in graph.node for name in node.output} | {value.name for value in graph.initializer}


def sizes(value):
    return [dimension.dim_param or str(dimension.dim_value) for dimension in value.type.tensor_type.shape.dim]


print(
    json.dumps(
        {
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
