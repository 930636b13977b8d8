"""Hostile face files: each tries to run something, to fill the memory, or to break the reader."""

from __future__ import annotations

import io
import json
import pickle
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

PWNED = "cvfast-attack-ran"


class _Call:
    """Pickles into a call of a function."""

    def __init__(self, function: Any, *arguments: Any) -> None:
        self._parts = function, arguments

    def __reduce__(self) -> Any:
        return self._parts


def jpeg(side: int = 64) -> bytes:
    buffer = io.BytesIO()
    rng = np.random.default_rng(0)
    Image.fromarray(rng.integers(0, 255, (side, side, 3), np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


def with_app15(content: bytes, side: int = 64) -> bytes:
    data = jpeg(side)
    return data[:2] + b"\xff\xef" + struct.pack(">H", 2 + len(content)) + content + data[2:]


def dfl_values(**other: Any) -> dict[str, Any]:
    points = [[float(x), float(x % 9)] for x in range(68)]
    return {
        "face_type": "whole_face",
        "landmarks": points,
        "source_filename": "00012.png",
        "source_rect": [1, 2, 30, 40],
        "source_landmarks": points,
        "image_to_face_mat": [[1.0, 0.0, 2.0], [0.0, 1.0, 3.0]],
        "eyebrows_expand_mod": 1.0,
    } | other


def png(text: bytes = b"", *, packed: bool = False, side: int = 64) -> bytes:
    """Return a PNG with faceswap's chunk."""
    buffer = io.BytesIO()
    Image.fromarray(np.zeros((side, side, 3), np.uint8)).save(buffer, "PNG")
    return with_faceswap(buffer.getvalue(), text, packed=packed)


def with_faceswap(data: bytes, text: bytes, *, packed: bool = False) -> bytes:
    body = b"faceswap\0" + (b"\1" if packed else b"\0") + b"\0\0\0" + text
    check = struct.pack(">I", zlib.crc32(b"iTXt" + body))
    return data[:33] + struct.pack(">I", len(body)) + b"iTXt" + body + check + data[33:]


def commands() -> dict[str, bytes]:
    """Return pickles that call something, in many ways."""
    import builtins
    import os
    import subprocess

    def text(function: Any, *arguments: Any, protocol: int = 2) -> bytes:
        return pickle.dumps(_Call(function, *arguments), protocol)

    touch = f"touch {PWNED}"
    return {
        "system": text(os.system, touch),
        "system0": text(os.system, touch, protocol=0),
        "system5": text(os.system, touch, protocol=5),
        "popen": text(subprocess.Popen, touch, -1, None),
        "exec": text(builtins.exec, f"open({PWNED!r}, 'w')"),
        "eval": text(builtins.eval, f"open({PWNED!r}, 'w')"),
        "open": text(builtins.open, PWNED, "w"),
        "import": text(builtins.__import__, "os"),
        "getattr": text(builtins.getattr, "x", "upper"),
        "inner": pickle.dumps(dfl_values(landmarks=_Call(os.system, touch))),
        "key": pickle.dumps({"a": {"b": [_Call(os.system, touch)]}}),
        "inst": f"(S'touch {PWNED}'\nios\nsystem\n.".encode(),
        "obj": f"(cos\nsystem\nS'touch {PWNED}'\no.".encode(),
        "newobj": b"\x80\x02cos\nsystem\n)\x81.",
        "build": b"\x80\x02cnumpy\nndarray\n}(X\x01\x00\x00\x00aK\x01ub.",
        "persid": b"P" + PWNED.encode() + b"\n.",
        "ext": b"\x80\x02\x82\x01.",
        "spaced": f"cnumpy.core.multiarray\n_reconstruct os\n(S'touch {PWNED}'\ntR.".encode(),
        "dotted": b"\x80\x04\x8c\x05numpy\x8c\x11ndarray.__class__\x93.",
        "object array": pickle.dumps(np.array([_Call(os.system, touch)], object)),
        "record array": pickle.dumps(np.zeros(2, [("a", "f4")])),
    }


def _damaged() -> dict[str, bytes]:
    """Pickles that are too deep, too large, or cut off."""
    reconstruct = b"cnumpy.core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(K\x00tC\x01btR"
    state = b"(K\x01(J\xff\xff\xff\x7fJ\xff\xff\xff\x7ft"
    kind = b"cnumpy\ndtype\n(X\x02\x00\x00\x00f8tR\x89C\x00tb."
    laughs = b"\x80\x02]q\x00" + b"".join(
        b"]q" + bytes([n]) + (b"h" + bytes([n - 1]) + b"a") * 10 for n in range(1, 40)
    )
    return {
        "cut": pickle.dumps(dfl_values())[:-40],
        "no stop": pickle.dumps(dfl_values(), 2)[:-1],
        "deep": b"(" * 60_000 + b"l" * 10,
        "deep lists": b"\x80\x02" + b"]" * 30_000 + b"a" * 29_999 + b".",
        "huge array": b"\x80\x02" + reconstruct + state + kind,
        "laughs": laughs + b"0" * 39 + b".",
        "huge text": b"\x80\x04\x8d" + struct.pack("<Q", 1 << 60) + b"abc.",
        "huge int": b"\x80\x02I" + b"9" * 6000 + b"\n.",
        "memo": b"\x80\x02h\x05.",
        "empty stack": b"\x80\x02a.",
        "mark only": b"\x80\x02(.",
        "recursive": b"\x80\x02]q\x00h\x00a.",
        "bad unicode": b"\x80\x02X\x02\x00\x00\x00\xff\xff.",
        "name": b"\x80\x02cnumpy\nndarray\n.",
    }


def _metadata() -> dict[str, bytes]:
    """Dictionaries that are not what they should be."""
    wide = [[0.0, 0.0]] * 68
    changed: dict[str, dict[str, Any]] = {
        "no type": {"face_type": "mark_only"},
        "type 7": {"face_type": 7},
        "points": {"landmarks": [[0, 0]] * 67},
        "nan": {"landmarks": [[float("nan"), 0]] * 68},
        "inf": {"image_to_face_mat": [[float("inf"), 0, 0], [0, 1, 0]]},
        "text": {"landmarks": "x" * 68},
        "polygons": {"seg_ie_polys": {"polys": [{"type": 1, "pts": wide}] * 2000}},
        "polygon": {"seg_ie_polys": {"polys": [{"type": 1, "pts": 5}]}},
        "mask": {"xseg_mask": np.frombuffer(b"\x89PNG not at all", np.uint8)},
        "big mask": {"xseg_mask": np.frombuffer(bomb(), np.uint8)},
        "path": {"source_filename": "../../etc/passwd\0x"},
    }
    return {name: pickle.dumps(dfl_values(**other), 2) for name, other in changed.items()}


def bomb(side: int = 12_000) -> bytes:
    """Return a small PNG of very many pixels."""
    row = zlib.compress(bytes(side // 8 + 1) * side, 9)

    def chunk(kind: bytes, body: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + check

    header = struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", row) + chunk(b"IEND", b"")


def _literals() -> dict[str, bytes]:
    return {
        "call": f"__import__('os').system('touch {PWNED}')".encode(),
        "lambda": b"(lambda: 1)()",
        "deep": b"[" * 5000 + b"]" * 5000,
        "minus": b"-" * 100_000 + b"1",
        "add": b"1" + b"+1j" * 50_000,
        "power": b"9**9**9**9",
        "digits": b"9" * 6000,
        "empty": b"",
        "nul": b"{'a': \0}",
        "points": b"{'alignments': {'landmarks_xy': [1, 2]}, 'source': {}}",
        "attribute": b"().__class__.__bases__",
        "not closed": b"{'alignments': {",
        "long": b"'" + b"a" * (5 << 20) + b"'",
    }


def _packs() -> dict[str, bytes]:
    def pack(configs: bytes, offsets: list[int], faces: bytes = b"", version: int = 1) -> bytes:
        head = struct.pack("<QQ", version, len(configs)) + configs
        return head + struct.pack(f"<{len(offsets)}Q", *offsets) + faces

    two = pickle.dumps([{"filename": "a.jpg"}, {"filename": "../../b.jpg"}], 2)
    return {
        "call": pack(commands()["system"], [0]),
        "version": pack(two, [0, 1, 2], version=2),
        "length": struct.pack("<QQ", 1, 1 << 62) + two,
        "offsets": pack(two, [0, 1 << 62, 1 << 63], b"xx"),
        "backwards": pack(two, [2, 1, 0], b"xx"),
        "short": pack(two, [0]),
        "no list": pack(pickle.dumps({"a": 1}), [0, 1]),
        "empty": b"",
        "outside": pack(two, [0, 2, 4], b"ab../"),
    }


def _alignments() -> dict[str, bytes]:
    return {
        "call": zlib.compress(commands()["system"]),
        "bomb": zlib.compress(bytes(300 << 20), 1),
        "json": b'{"a": {"faces": [{"landmarks_xy": 5}]}}',
        "deep json": b"[" * 100_000,
        "damaged": zlib.compress(b"x" * 1000)[:12],
        "points": zlib.compress(pickle.dumps({"a": {"faces": [{"landmarks_xy": [[1, 2]] * 5}]}})),
        "many": zlib.compress(pickle.dumps({"a": {"faces": [0] * 5000}})),
    }


def _records() -> dict[str, bytes]:
    """Face pictures with records of our own that are no such thing."""

    def ours(text: bytes) -> bytes:
        return with_app15(b"cvfast-face\0" + text)

    return {
        "deep": ours(b"[" * 30_000 + b"]" * 30_000),
        "version": ours(json.dumps({"version": 99}).encode()),
        "no json": ours(b"\xff\xfe not JSON"),
        "list": ours(b"[1, 2]"),
        "null": ours(b'{"version": 1, "face_type": "whole", "landmarks": null}'),
        "huge": ours(b'{"version": 1, "frame": 1e999}'),
    }


def write_attacks(folder: Path) -> dict[str, list[Path]]:
    """Write every file into a folder of its kind; return them."""
    jpegs = {**commands(), **_damaged(), **_metadata()}
    made = {
        "dfl": {f"{name}.jpg": with_app15(data[:65_000]) for name, data in jpegs.items()},
        "faceswap": {
            **{f"{name}.png": png(data) for name, data in _literals().items()},
            "packed.png": png(zlib.compress(bytes(64 << 20)), packed=True),
            "damaged.png": png(b"not zlib", packed=True),
        },
        "pak": {f"{name}.pak": data for name, data in _packs().items()},
        "fsa": {f"{name}.fsa": data for name, data in _alignments().items()},
        "ours": {f"{name}.jpg": data for name, data in _records().items()},
    }
    out: dict[str, list[Path]] = {}
    for kind, files in made.items():
        (folder / kind).mkdir(parents=True)
        for name, data in files.items():
            path = folder / kind / name
            path.write_bytes(data)
            out.setdefault(kind, []).append(path)
    return out
