"""Bad input to the kernels that take pictures: named errors, and nothing written."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from cvfast import ThinPlateSpline, local_rotate, local_scale, local_translate

SPLINE = ThinPlateSpline([(0, 0), (50, 0), (0, 50)], [(0, 0), (50, 0), (0, 50)])
IMAGE = np.arange(30 * 40 * 3, dtype=np.uint8).reshape(30, 40, 3)
CENTER, RADIUS = [(15, 12)], [10]


def scale(image: Any, **options: Any) -> Any:
    return local_scale(image, CENTER, RADIUS, [0.5], **options)


def translate(image: Any, **options: Any) -> Any:
    return local_translate(image, CENTER, RADIUS, [(18, 12)], **options)


def rotate(image: Any, **options: Any) -> Any:
    return local_rotate(image, CENTER, RADIUS, [0.5], **options)


KERNELS: list[Callable[..., Any]] = [scale, translate, rotate, SPLINE.warp]
kernels = pytest.mark.parametrize("kernel", KERNELS, ids=["scale", "translate", "rotate", "tps"])


@kernels
@pytest.mark.parametrize(
    ("image", "message"),
    [
        (IMAGE.astype(dtype), f"image: expected dtype uint8, or float32 in [0, 1], got {name}; ")
        for dtype, name in [
            ("float64", "float64"),
            ("float16", "float16"),
            ("int32", "int32"),
            ("int8", "int8"),
            ("uint16", "uint16"),
            ("bool", "bool"),
            ("complex64", "complex64"),
            (">f4", ">f4"),
            ("object", "object"),
            ("S3", "|S3"),
        ]
    ]
    + [
        (IMAGE.tolist(), "image: expected a NumPy array, got list"),
        (None, "image: expected a NumPy array, got NoneType"),
        ("face.png", "image: expected a NumPy array, got str"),
        (IMAGE.tobytes(), "image: expected a NumPy array, got bytes"),
        (memoryview(IMAGE), "image: expected a NumPy array, got memoryview"),
    ],
)
def test_what_is_no_picture(kernel: Callable[..., Any], image: Any, message: str) -> None:
    with pytest.raises(TypeError) as caught:
        kernel(image)
    assert str(caught.value).startswith(message)


@kernels
@pytest.mark.parametrize(
    "shape", [(), (5,), (5, 5, 0), (5, 5, 5), (2, 5, 5, 3), (5, 5, 1, 1), (0,), (0, 0, 0)]
)
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_wrong_shapes(kernel: Callable[..., Any], shape: tuple[int, ...], dtype: str) -> None:
    with pytest.raises(
        ValueError, match=r"^image: expected shape \(height, width\) or \("
    ) as caught:
        kernel(np.zeros(shape, dtype))
    assert str(caught.value).endswith(f"got {shape}")


@kernels
@pytest.mark.parametrize("shape", [(1, 65536), (65536, 1), (65536, 1, 3), (0, 65536)])
def test_sides_over_the_limit(kernel: Callable[..., Any], shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"^image: expected sides of at most 65535 pixels, got"):
        kernel(np.zeros(shape, np.uint8))


def unpacked() -> dict[str, np.ndarray]:
    bytes_ = np.zeros(30 * 40 * 4 + 1, np.uint8)
    return {
        "transposed": IMAGE[..., 0].copy().T,
        "swapped": IMAGE.transpose(1, 0, 2),
        "channels first": np.ascontiguousarray(IMAGE.transpose(2, 0, 1)).transpose(1, 2, 0),
        "BGR view": IMAGE[..., ::-1],
        "mirrored": IMAGE[:, ::-1],
        "every second column": IMAGE[:, ::2],
        "two of three channels": IMAGE[..., :2],
        "one of three channels": IMAGE[..., 0],
        "one kept channel": IMAGE[..., :1],
        "Fortran": np.asfortranarray(IMAGE),
        "repeated columns": np.broadcast_to(IMAGE[:, :1], IMAGE.shape),
        "off the float grid": bytes_[1:].view(np.float32).reshape(30, 40),
    }


@kernels
@pytest.mark.parametrize("layout", unpacked())
def test_pixels_that_are_not_packed(kernel: Callable[..., Any], layout: str) -> None:
    with pytest.raises(
        ValueError, match=r"^image: expected pixels packed within each row .* got strides \("
    ):
        kernel(unpacked()[layout])
    good = np.zeros(unpacked()[layout].shape, unpacked()[layout].dtype)
    with pytest.raises(ValueError, match=r"^out: expected pixels packed within each row"):
        kernel(good, out=np.broadcast_to(good, good.shape)[:, ::-1])


@kernels
def test_wrong_out(kernel: Callable[..., Any]) -> None:
    read_only = np.full_like(IMAGE, 7)
    read_only.flags.writeable = False
    overlapping_rows = np.lib.stride_tricks.as_strided(
        np.zeros(10_000, np.uint8), IMAGE.shape, (60, 3, 1)
    )
    cases: list[tuple[Any, type[Exception], str]] = [
        ([1, 2], TypeError, "out: expected a NumPy array, got list"),
        (np.zeros(IMAGE.shape, np.float32), TypeError, "out: expected dtype uint8 as the image's"),
        (np.zeros(IMAGE.shape, np.int16), TypeError, "out: expected dtype uint8, or float32"),
        (np.zeros((30, 41, 3), np.uint8), ValueError, r"out: expected shape \(30, 40, 3\), got"),
        (np.zeros((30, 40), np.uint8), ValueError, r"out: expected shape \(30, 40, 3\), got"),
        (read_only, ValueError, "out: expected a writable array, got a read-only one"),
        (overlapping_rows, ValueError, "out: expected rows that do not overlap, got strides"),
    ]
    for out, error, message in cases:
        before = np.array(out)
        with pytest.raises(error, match=f"^{message}"):
            kernel(IMAGE, out=out)
        np.testing.assert_array_equal(np.array(out), before)


@kernels
def test_a_read_only_picture_is_read_but_not_written(kernel: Callable[..., Any]) -> None:
    image = IMAGE.copy()
    image.flags.writeable = False
    kernel(image)
    with pytest.raises(ValueError, match=r"^out: expected "):
        kernel(image, out=image)


@pytest.mark.parametrize("kernel", KERNELS[:3])
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (np.s_[0:30], np.s_[1:31]),
        (np.s_[0:30], np.s_[29:59]),
        (np.s_[0:30, 0:20], np.s_[0:30, 19:39]),
        (np.s_[0:30], np.s_[29::-1]),
        (np.s_[0:60:2], np.s_[0:30]),
    ],
)
def test_partly_overlapping_out(kernel: Callable[..., Any], first: Any, second: Any) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (70, 40), np.uint8)
    before = frame.copy()
    with pytest.raises(
        ValueError, match=r"^out: expected the image itself or separate memory, got a partial"
    ):
        kernel(frame[first], out=frame[second])
    np.testing.assert_array_equal(frame, before)


@kernels
@pytest.mark.parametrize(
    ("first", "second"),
    [
        (np.s_[0:30], np.s_[30:60]),
        (np.s_[0:30, 0:20], np.s_[0:30, 20:40]),
        (np.s_[0:60:2], np.s_[1:60:2]),
        (np.s_[0:60:2, 1:38], np.s_[59::-2, 2:39]),
        (np.s_[0:30, 0:20], np.s_[5:35, 20:40]),
    ],
)
def test_interleaved_memory_is_separate(
    kernel: Callable[..., Any], first: Any, second: Any
) -> None:
    frame = np.random.default_rng(0).integers(0, 256, (70, 40), np.uint8)
    expected = kernel(frame[first].copy())
    rest = frame.copy()
    assert kernel(frame[first], out=frame[second]) is not None
    np.testing.assert_array_equal(frame[second], expected)
    rest[second] = frame[second]
    np.testing.assert_array_equal(frame, rest)


def test_one_row_is_itself_whatever_its_strides() -> None:
    frame = np.arange(200, dtype=np.uint8).reshape(5, 40)
    row = frame[2:3]
    other = np.lib.stride_tricks.as_strided(row, (1, 40), (7, 1))
    expected = scale(row)
    assert scale(row, out=other) is other
    np.testing.assert_array_equal(row, expected)


BAD_VALUES: list[tuple[str, tuple[Any, ...], type[Exception], str]] = [
    ("scale", ([(1, np.nan)], [5], [0.1]), ValueError, r"centers\[0\]: expected finite numbers"),
    (
        "scale",
        ([(1, 1), (np.inf, 1)], [5, 5], [0.1, 0.1]),
        ValueError,
        r"centers\[1\]: expected finite numbers, got inf",
    ),
    (
        "scale",
        ([(1, 1)], [0], [0.1]),
        ValueError,
        r"radii\[0\]: expected a number in \(0, 131072\], got 0",
    ),
    ("scale", ([(1, 1)], [-3.5], [0.1]), ValueError, r"radii\[0\]: expected .* got -3.5"),
    ("scale", ([(1, 1)], [np.nan], [0.1]), ValueError, r"radii\[0\]: expected .* got -?nan"),
    ("scale", ([(1, 1)], [np.inf], [0.1]), ValueError, r"radii\[0\]: expected .* got inf"),
    ("scale", ([(1, 1)], [131073], [0.1]), ValueError, r"radii\[0\]: expected .* got 131073"),
    ("scale", ([(1, 1)], [5], [1]), ValueError, r"strengths\[0\]: expected a number in \(-3, 1\)"),
    ("scale", ([(1, 1)] * 2, [5] * 2, [0, -3]), ValueError, r"strengths\[1\]: expected .* got -3"),
    ("scale", ([(1, 1)], [5], [np.nan]), ValueError, r"strengths\[0\]: expected .* got -?nan"),
    ("scale", ([(1, 1)], [5], [np.inf]), ValueError, r"strengths\[0\]: expected .* got inf"),
    (
        "translate",
        ([(1, 1)], [10], [(8, 1)]),
        ValueError,
        r"targets\[0\]: expected a point nearer .* \(6.49519053 px\).* got one 7 px away",
    ),
    ("translate", ([(1, 1)], [10], [(np.nan, 1)]), ValueError, r"targets\[0\]: expected "),
    ("translate", ([(1, 1)], [10], [(1, -np.inf)]), ValueError, r"targets\[0\]: expected "),
    ("translate", ([(1e308, 1)], [10], [(-1e308, 1)]), ValueError, r"targets\[0\]: expected "),
    (
        "translate",
        ([(1, 1)], [10], [3]),
        ValueError,
        r"targets: expected shape \(1, 2\), one point a disc, got shape \(1,\)",
    ),
    (
        "rotate",
        ([(1, 1)], [5], [1000.1]),
        ValueError,
        r"angles\[0\]: expected radians in \[-1000, 1000\], got 1000.1",
    ),
    ("rotate", ([(1, 1)], [5], [np.nan]), ValueError, r"angles\[0\]: expected radians"),
    (
        "scale",
        ((1, 1), [5], [0]),
        ValueError,
        r"centers: expected shape \(N, 2\), one point x, y a disc, got shape \(2,\)",
    ),
    ("scale", ([(1, 1, 1)], [5], [0]), ValueError, r"centers: expected .* got shape \(1, 3\)"),
    ("scale", (np.zeros((5, 0)), [], []), ValueError, r"centers: expected .* got shape \(5, 0\)"),
    ("scale", (np.zeros((0, 3)), [], []), ValueError, r"centers: expected .* got shape \(0, 3\)"),
    (
        "scale",
        ([(1, 1)], 5, [0]),
        ValueError,
        r"radii: expected 1 numbers, one a disc, got shape \(\)",
    ),
    ("scale", ([(1, 1)], [5, 6], [0]), ValueError, r"radii: expected 1 numbers, .* shape \(2,\)"),
    ("scale", ([(1, 1)], [5], []), ValueError, r"strengths: expected 1 numbers, .* shape \(0,\)"),
    ("rotate", ([], [], [1]), ValueError, r"angles: expected 0 numbers, .* got shape \(1,\)"),
    (
        "scale",
        ([(1, 1), (2,)], [5, 5], [0, 0]),
        ValueError,
        r"centers: expected .* got rows of unequal length",
    ),
    ("scale", ([(1, 1)], ["5"], [0]), TypeError, r"radii: expected .* real numbers, got dtype <U1"),
    ("scale", ([(1, 1)], [5], "0.5"), TypeError, r"strengths: expected .* got dtype <U3"),
    ("scale", ([(1, 1)], [5], [0.1j]), TypeError, r"strengths: expected .* got dtype complex128"),
    ("scale", ([(1, 1)], [True], [0.1]), TypeError, r"radii: expected .* got dtype bool"),
    ("scale", ([(1, 1)], [None], [0.1]), TypeError, r"radii: expected .* got dtype object"),
    ("scale", ([(1, 1)], [10**400], [0.1]), TypeError, r"radii: expected .* got dtype object"),
    ("scale", (None, [1], [0.1]), TypeError, r"centers: expected .* got dtype object"),
]
WARPS = {"scale": local_scale, "translate": local_translate, "rotate": local_rotate}


@pytest.mark.parametrize(("kind", "arguments", "error", "message"), BAD_VALUES)
def test_bad_discs_write_nothing(
    kind: str, arguments: tuple[Any, ...], error: type[Exception], message: str
) -> None:
    image, out = IMAGE.copy(), np.full_like(IMAGE, 7)
    for target in (None, image, out):
        with pytest.raises(error, match=f"^{message}"):
            WARPS[kind](image, *arguments, out=target)
    np.testing.assert_array_equal(image, IMAGE)
    assert (out == 7).all()


@kernels
@pytest.mark.parametrize(
    ("threads", "error", "message"),
    [
        (0, ValueError, "threads: expected at least 1 or None, got 0"),
        (-1, ValueError, "threads: expected at least 1 or None, got -1"),
        (1.5, TypeError, "threads: expected an integer or None, got float"),
        (2.0, TypeError, "threads: expected an integer or None, got float"),
        ("2", TypeError, "threads: expected an integer or None, got str"),
        (True, TypeError, "threads: expected an integer or None, got bool"),
        ([2], TypeError, "threads: expected an integer or None, got list"),
    ],
)
def test_bad_threads_write_nothing(
    kernel: Callable[..., Any], threads: Any, error: type[Exception], message: str
) -> None:
    out = np.full_like(IMAGE, 7)
    with pytest.raises(error, match=f"^{message}$"):
        kernel(IMAGE, out=out, threads=threads)
    assert (out == 7).all()


@kernels
@pytest.mark.parametrize("threads", [1, 2, 1000, 10**30, np.int32(3)])
def test_any_number_of_threads(kernel: Callable[..., Any], threads: Any) -> None:
    np.testing.assert_array_equal(kernel(IMAGE, threads=threads), kernel(IMAGE))


@kernels
def test_pixels_that_are_not_finite_stay_harmless(kernel: Callable[..., Any]) -> None:
    image = np.full((30, 40), 0.5, np.float32)
    image[12, 15], image[0, 0] = np.nan, np.inf
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        out = kernel(image)
    assert np.isfinite(out[20:, 30:]).all()


@kernels
def test_subclasses_and_maps_of_files_are_arrays(kernel: Callable[..., Any], tmp_path: Any) -> None:
    mapped = np.memmap(tmp_path / "picture", np.uint8, "w+", shape=IMAGE.shape)
    mapped[...] = IMAGE
    np.testing.assert_array_equal(np.asarray(kernel(mapped)), kernel(IMAGE))
    if kernel in (scale, translate, rotate):
        assert kernel(mapped, out=mapped) is mapped
        np.testing.assert_array_equal(np.asarray(mapped), kernel(IMAGE))
