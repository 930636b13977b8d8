"""Hostile models, settings and manifests: made to fill the memory, to run, or to break a reader."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zipfile
from collections.abc import Sequence
from typing import Any

import numpy as np
from cvfast.models.upscaler_file import FORMAT as UPSCALER
from cvfast.models.xseg_file import FORMAT as XSEG
from cvfast.swap.model_options import ModelOptions
from onnx import TensorProto, helper, numpy_helper

from tests.swap.attacks import commands

HUGE = 1 << 39


def tensors(header: Any, body: bytes = b"") -> bytes:
    """Lay out a safetensors file, whatever its header says."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def _entry(shape: Sequence[Any], begin: int, end: int, dtype: str = "F32") -> dict[str, Any]:
    return {"dtype": dtype, "shape": list(shape), "data_offsets": [begin, end]}


def safetensors_files() -> dict[str, bytes]:
    """Files that are wrong whatever network is looked for."""
    torch_zip = io.BytesIO()
    with zipfile.ZipFile(torch_zip, "w") as file:
        file.writestr("archive/data.pkl", commands()["system"])
    return {
        "empty": b"",
        "short": b"\2\0\0",
        "pickle": commands()["system"],
        "torch zip": torch_zip.getvalue(),
        "header of 2^63": struct.pack("<Q", 1 << 63) + b"{}",
        "header past the end": struct.pack("<Q", 100) + b"{}",
        "header too long": tensors(b" " * (2 << 20) + b"{}"),
        "header deep": tensors(b"[" * 60_000),
        "header deep objects": tensors(b'{"a":' * 60_000),
        "header a list": tensors([1, 2]),
        "header no UTF-8": tensors(b"\xff\xfe{}"),
        "header digits": tensors(b'{"a":' + b"9" * 10_000 + b"}"),
        "metadata a list": tensors({"__metadata__": [1]}),
        "offsets backwards": tensors({"a": _entry([1], 4, 0)}, b"1234"),
        "offsets outside": tensors({"a": _entry([1], 0, 1 << 39)}, b"1234"),
        "offsets below": tensors({"a": _entry([1], -4, 0)}, b"1234"),
        "shape huge": tensors({"a": _entry([HUGE, HUGE], 0, 4)}, b"1234"),
        "shape empty and huge": tensors({"a": _entry([0, HUGE, HUGE], 0, 0)}),
        "shape below": tensors({"a": _entry([-1, -1], 0, 4)}, b"1234"),
        "shape of texts": tensors({"a": _entry(["1"], 0, 4)}, b"1234"),
        "shape of 99 sides": tensors({"a": _entry([1] * 99, 0, 4)}, b"1234"),
        "type unknown": tensors({"a": _entry([1], 0, 4, "PICKLE")}, b"1234"),
        "type of objects": tensors({"a": _entry([1], 0, 4, "|O")}, b"1234"),
        "nothing in it": tensors({"__metadata__": {}}),
    }


def _head(version: Any = 1, options: Any = None, facts: Any = None, kind: str = "") -> bytes:
    head = {
        "format": kind or "cvfast swap model",
        "version": version,
        "options": ModelOptions().as_dict() | (options or {}) if options != [] else [],
        "facts": facts if facts is not None else {},
    }
    return tensors({"__metadata__": {"cvfast.swap": json.dumps(head)}})


def swap_models() -> dict[str, bytes]:
    """Headers of swap models that lie; none has weights."""
    return {
        "swap without weights": _head(),
        "swap at full size": _head(options={"resolution": 640, "ae_dims": 1024, "e_dims": 256}),
        "swap too large": _head(options={"ae_dims": HUGE}),
        "swap resolution": _head(options={"resolution": 1 << 60}),
        "swap infinite": _head(options={"learning_rate": float("inf")}),
        "swap kind": _head(options={"architecture": "df-ud; import os"}),
        "swap option": _head(options={"__class__": "os.system"}),
        "swap options": _head(options=[]),
        "swap facts": _head(facts=[1]),
        "swap version": _head(version=9),
        "swap version text": _head(version="1"),
        "swap format": _head(kind="other"),
        "swap deep": tensors({"__metadata__": {"cvfast.swap": "[" * 60_000}}),
        "swap no JSON": tensors({"__metadata__": {"cvfast.swap": "lambda: 1"}}),
    }


def upscalers() -> dict[str, bytes]:
    """Headers of upscalers that lie."""

    def head(**more: str) -> bytes:
        return tensors({"__metadata__": {"format": UPSCALER} | more})

    return {
        "up without size": head(),
        "up without weights": head(channels="32", blocks="4"),
        "up wide": head(channels=str(1 << 60), blocks="4"),
        "up many": head(channels="32", blocks="99999999"),
        "up below": head(channels="-1", blocks="0"),
        "up digits": head(channels="9" * 5000, blocks="1"),
        "up text": head(channels="os.system", blocks="1"),
    }


def mask_networks() -> dict[str, bytes]:
    """Headers of mask networks that lie."""

    def head(**more: str) -> bytes:
        return tensors({"__metadata__": {"format": XSEG} | more})

    return {
        "mask without size": head(),
        "mask without weights": head(size="128", widths="[8, 16]"),
        "mask wide": head(size="128", widths=f"[8, {HUGE}]"),
        "mask many": head(size="128", widths=json.dumps([8] * 1000)),
        "mask large": head(size=str(1 << 40), widths="[8, 16]"),
        "mask deep": head(size="128", widths="[" * 60_000),
        "mask object": head(size="128", widths='{"a": 1}'),
        "mask texts": head(size="128", widths='["8", "16"]'),
        "mask digits": head(size="9" * 5000, widths="[8, 16]"),
    }


def _dfm(nodes: Sequence[Any], weights: Sequence[Any] = (), *, side: int = 64) -> bytes:
    """Return a .dfm of these nodes, which make ``t`` of the face; it is added to all outputs."""
    masks = [
        helper.make_node("Slice", ["in_face:0", "first", "second", "last"], ["one"]),
        helper.make_node("Add", ["in_face:0", "t"], ["out_celeb_face:0"]),
        helper.make_node("Add", ["one", "t"], ["out_face_mask:0"]),
        helper.make_node("Add", ["one", "t"], ["out_celeb_face_mask:0"]),
    ]
    numbers = [
        numpy_helper.from_array(np.array([value], np.int64), name)
        for name, value in (("first", 0), ("second", 1), ("last", 3))
    ]

    def tensor(name: str, channels: int) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", side, side, channels])

    outputs = [tensor("out_face_mask:0", 1), tensor("out_celeb_face:0", 3),
               tensor("out_celeb_face_mask:0", 1)]  # fmt: skip
    graph = helper.make_graph(
        [*nodes, *masks], "g", [tensor("in_face:0", 3)], outputs, [*weights, *numbers]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 12)], ir_version=8)
    return bytes(model.SerializeToString())


def _sum_of(name: str) -> Any:
    return helper.make_node("ReduceSum", [name], ["t"], keepdims=0)


def small_files_of_much() -> dict[str, bytes]:
    """Sound .dfm files of allowed operators that ask for 64 GiB and more when they are run."""
    row = numpy_helper.from_array(np.zeros((1, 1 << 17), np.float32), "row")
    column = numpy_helper.from_array(np.zeros((1 << 17, 1), np.float32), "column")
    pads = numpy_helper.from_array(np.array([0] * 7 + [1 << 33], np.int64), "pads")
    picks = numpy_helper.from_array(np.zeros(1 << 18, np.int64), "picks")
    node = helper.make_node
    return {
        "constants": _dfm([node("Add", ["row", "column"], ["big"]), _sum_of("big")], [row, column]),
        "product": _dfm([node("MatMul", ["column", "row"], ["big"]), _sum_of("big")],
                        [row, column]),
        "of the face": _dfm(
            [node("ReduceSum", ["in_face:0"], ["s"], keepdims=0),
             node("Add", ["s", "row"], ["r"]), node("Mul", ["r", "column"], ["big"]),
             _sum_of("big")], [row, column],
        ),
        "pads": _dfm([node("Pad", ["in_face:0", "pads"], ["big"]), _sum_of("big")], [pads]),
        "picks": _dfm([node("Gather", ["row", "picks"], ["a"], axis=0),
                       _sum_of("a")], [row, picks]),
    }  # fmt: skip


def dfm_files() -> dict[str, bytes]:
    """Files that are refused before they are run."""
    node = helper.make_node
    sound = _dfm([_sum_of("in_face:0")])
    loop = helper.make_graph([], "inner", [], [])
    outside = numpy_helper.from_array(np.zeros(4, np.float32), "w")
    outside.ClearField("raw_data")
    outside.data_location = TensorProto.EXTERNAL
    entry = outside.external_data.add()
    entry.key, entry.value = "location", "../../../../etc/passwd"
    shape = numpy_helper.from_array(np.array([1 << 20, 1 << 20], np.int64), "shape")
    giant = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[HUGE, HUGE])
    return {
        "empty": b"",
        "pickle": commands()["system"],
        "text": b"import os",
        "cut": sound[:-20],
        "length of 2^63": b"\x3a" + b"\xff" * 9 + b"\x01",
        "fields without end": b"\xff" * 1000,
        "loop": _dfm([node("Loop", ["first", "", "in_face:0"], ["t"], body=loop)]),
        "branch": _dfm([node("If", ["first"], ["t"], then_branch=loop, else_branch=loop)]),
        "made large": _dfm([node("ConstantOfShape", ["shape"], ["big"]), _sum_of("big")], [shape]),
        "range": _dfm([node("Range", ["first", "last", "second"], ["t"])]),
        "random": _dfm([node("RandomNormal", [], ["t"], shape=[1 << 30])]),
        "tile": _dfm([node("Tile", ["in_face:0", "shape"], ["big"]), _sum_of("big")], [shape]),
        "expand": _dfm([node("Expand", ["in_face:0", "shape"], ["big"]), _sum_of("big")], [shape]),
        "resize": _dfm([node("Resize", ["in_face:0", "shape", "shape"], ["t"])], [shape]),
        "of others": _dfm([node("PyOp", ["in_face:0"], ["t"], domain="ai.onnx.contrib")]),
        "other file": _dfm([_sum_of("w")], [outside]),
        "giant weight": _dfm([_sum_of("w")], [giant]),
        "side of 2^20": _dfm([_sum_of("in_face:0")], side=1 << 20),
        "unknown": _dfm([node("NoSuchThing", ["in_face:0"], ["t"])]),
        "circle": _dfm([node("Add", ["t", "in_face:0"], ["t"])]),
    }


def settings_files() -> dict[str, bytes]:
    """Settings in TOML that are none."""
    return {
        "deep": b"merge = " + b"[" * 50_000,
        "deep tables": b"[merge" + b".a" * 4_000 + b"]",
        "digits": b"[merge]\nblur = " + b"9" * 50_000,
        "hexadecimal": b"[merge]\nblur = 0x" + b"f" * 50_000,
        "infinite": b"[merge]\nmorph = inf",
        "no number": b"[merge]\nmorph = nan",
        "true": b"[merge]\nblur = true",
        "date": b"[merge]\nblur = 2020-01-01",
        "list": b"[merge]\nmode = ['overlay']",
        "call": b"[merge]\nmode = \"__import__('os').system('x')\"",
        "unknown": b"[merge]\n__class__ = 1",
        "private": b"[merge]\n__post_init__ = 1",
        "no table": b"merge = 5",
        "twice": b"[merge]\n[merge]",
        "bytes": b"\xff\xfe\0",
        "escape": b'[merge]\nmode = "\\uD800"',
    }


def manifests(good: dict[str, Any]) -> dict[str, bytes]:
    """Workspaces' manifests that are none, or lead to what is no clip."""

    def changed(**more: Any) -> bytes:
        return json.dumps({**good, **more}).encode()

    return {
        "deep": b"[" * 100_000,
        "deep objects": b'{"version":' * 100_000,
        "digits": b'{"version": ' + b"9" * 10_000 + b"}",
        "infinite": changed(version=float("inf")),
        "no number": changed(version=float("nan")),
        "true": changed(version=True),
        "below": changed(version=-1),
        "pickle": pickle.dumps(good),
        "long": changed(more="x" * (2 << 20)),
        "path a list": changed(source={"path": ["a"]}),
        "path a number": changed(target={"path": 7}),
        "side a text": changed(source="clip.mp4"),
        "consent a number": changed(consent=1),
        "consent no text": changed(consent={"confirmed": False}),
    }
