"""Inference of the detector and of the learned codec against the matrix product of the same machine and process.

    python benchmarks/inference.py

Rate: multiplications and additions of all convolutions and matrix products of a network (two per multiply-accumulate),
over the CPU time of a compiled call on a tile of pictures, all cores together (so a rate is one core's, and holds on a
busy machine). Large layers alone: those of at least LARGE of the network's
work each, timed by themselves. What is missing to the whole network's rate is the rest of its layers:
activations, normalisation, resizing, small products, softmax.
"""

import sys
import time

import numpy as np
from verdict import tell

GOAL, TILE, LARGE = 0.5, 16, 0.02


def main() -> int:
    from linksim.cli import _wake_tensorflow

    _wake_tensorflow()
    from linksim import weights
    from linksim.scenario import load
    from linksim.schemes.sesc.stored import networks_of
    from linksim.tasks.yolov5.network import from_weights

    product = matrix_product()
    print(f"matrix product {product / 1e9:.0f} GFLOP/s (float32, 1024 x 1024)")
    scenario = load("scenarios/rayleigh_slow.yaml")

    learned = next(scheme for scheme in scenario.schemes if scheme.type == "sesc")
    checksum = weights.load(learned.weights, "sesc")[1]["sha256"]
    encoder, decoder = networks_of(learned.weights, checksum, scenario.source.size)
    networks = {"detector": from_weights(scenario.task.weights, scenario.task.input_size)[0],
                "codec's encoder": encoder, "codec's decoder": decoder}
    out = []
    for name, network in networks.items():
        whole, large = rates(network)
        print(f"{name}: {whole / 1e9:.0f} GFLOP/s, {100 * whole / product:.0f} % of the product's rate; large layers "
              f"{large / 1e9:.0f} GFLOP/s, {100 * large / product:.0f} %")
        out.append((f"{name}: large layers' share of the matrix product's rate", large / product, ">=", GOAL))
    return tell(*out)


def matrix_product(size: int = 1024) -> float:
    """FLOP/s, the best of several."""
    import tensorflow as tf

    a = tf.random.normal([size, size])
    return 2 * size**3 / _best(tf.function(lambda: a @ a))


def rates(network) -> tuple[float, float]:
    """FLOP/s of the whole network and of its large layers, each of which is timed alone on the shape it has inside."""
    import tensorflow as tf

    inputs = [tf.random.normal([TILE, *tensor.shape[1:]]) for tensor in network.inputs]
    call = tf.function(lambda: network(inputs if len(inputs) > 1 else inputs[0], training=False), autograph=False)
    work = [(op, flops(op)) for op in call.get_concrete_function().graph.get_operations()]
    total = sum(count for _, count in work)
    large = [(op, count) for op, count in work if count >= LARGE * total]
    known: dict = {}  # many layers have one shape
    for op, _ in large:
        if _shape(op) not in known:
            known[_shape(op)] = _best(_alone(op))
    spent = sum(known[_shape(op)] for op, _ in large)
    share = sum(count for _, count in large) / total
    print(f"{total / TILE / 1e9:.2f} GFLOP a picture, {100 * share:.0f} % of it in {len(large)} large layers")
    return total / _best(call), share * total / spent


def flops(op) -> float:
    """Of an operation of a graph: two for each multiplication of a convolution or matrix product."""
    if op.type in ("Conv2D", "DepthwiseConv2dNative"):
        kernel = op.inputs[1].shape
        depth = kernel[2] if op.type == "Conv2D" else 1
        return 2.0 * np.prod(op.outputs[0].shape) * kernel[0] * kernel[1] * depth
    if op.type in ("MatMul", "BatchMatMulV2"):
        turned = op.get_attr("transpose_a" if op.type == "MatMul" else "adj_x")
        return 2.0 * np.prod(op.outputs[0].shape) * op.inputs[0].shape[-2 if turned else -1]
    if op.type == "Einsum":
        terms, _, _ = op.get_attr("equation").decode().partition("->")
        sides = {letter: size for term, tensor in zip(terms.split(","), op.inputs, strict=True)
                 for letter, size in zip(term, tensor.shape, strict=True)}
        return 2.0 * np.prod([float(size) for size in sides.values()])
    return 0.0


def _shape(op) -> tuple:
    return op.type, *(tuple(tensor.shape) for tensor in op.inputs), str(op.node_def.attr)


def _alone(op):
    """The same operation on numbers of its own."""
    import tensorflow as tf

    inputs = [tf.random.normal(tensor.shape) for tensor in op.inputs]
    if op.type == "Einsum":
        equation = op.get_attr("equation").decode()
        return tf.function(lambda: tf.einsum(equation, *inputs), autograph=False)
    names = [argument.name for argument in op.op_def.input_arg]
    attributes = {one.name: op.get_attr(one.name) for one in op.op_def.attr
                  if one.type != "type" and not one.name.startswith("grad_")}
    attributes = {key: value.decode() if isinstance(value, bytes) else value for key, value in attributes.items()}
    raw = getattr(tf.raw_ops, op.type)
    return tf.function(lambda: raw(**dict(zip(names, inputs, strict=True)), **attributes), autograph=False)


def _best(call, times: int = 9) -> float:
    """CPU seconds of all cores together, the least of several calls."""
    call()
    found = []
    for _ in range(times):
        begun = time.process_time()
        out = call()
        _ = [np.asarray(part) for part in (out if isinstance(out, list | tuple) else [out])]
        found.append(time.process_time() - begun)
    return min(found)


if __name__ == "__main__":
    sys.exit(main())
