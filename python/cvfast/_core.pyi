from typing import Any

import numpy as np
from numpy.typing import NDArray

version: str
compiler: str
isa: str
openmp: bool
largest_template: int

def available_isas() -> list[str]: ...
def num_threads() -> int: ...
def set_num_threads(threads: int) -> None: ...
def set_serial_threshold(nanoseconds: float) -> None: ...
def local_warp(
    kind: int,
    image: NDArray[Any],
    out: NDArray[Any],
    centers: NDArray[np.float64],
    radii: NDArray[np.float64],
    parameters: NDArray[np.float64],
    threads: int,
) -> None: ...
def plain_local_warp(
    kind: int,
    image: Any,
    centers: Any,
    radii: Any,
    parameters: Any,
    threads: Any,
    out: Any,
    /,
) -> Any: ...
def tps_transform(
    centers: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    origin_x: float,
    origin_y: float,
    scale: float,
    points: NDArray[np.float64],
    out: NDArray[np.float64],
    threads: int,
) -> None: ...
def tps_displacement(
    centers: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    origin_x: float,
    origin_y: float,
    scale: float,
    out: NDArray[np.float32],
    step: int,
    threads: int,
) -> None: ...
def tps_warp(
    centers: NDArray[np.float64],
    coefficients: NDArray[np.float64],
    origin_x: float,
    origin_y: float,
    scale: float,
    image: NDArray[Any],
    out: NDArray[Any],
    exact: bool,
    threads: int,
) -> None: ...
def raster_index(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int32],
    index: NDArray[np.int32],
    depth: NDArray[np.float32],
    threads: int,
) -> None: ...
def raster_cutout(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int32],
    places: NDArray[np.float32],
    texture: NDArray[np.uint8],
    first: int,
    index: NDArray[np.int32],
    depth: NDArray[np.float32],
    threads: int,
) -> None: ...
def raster_shade(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int32],
    index: NDArray[np.int32],
    values: NDArray[np.float32],
    texture: NDArray[np.uint8],
    parts: NDArray[np.uint8],
    color: NDArray[np.float32],
    part: NDArray[np.uint8],
    threads: int,
) -> None: ...
def raster_values(
    vertices: NDArray[np.float64],
    triangles: NDArray[np.int32],
    index: NDArray[np.int32],
    values: NDArray[np.float32],
    out: NDArray[np.float32],
    threads: int,
) -> None: ...
def sample_texture(
    texture: NDArray[np.uint8],
    places: NDArray[np.float32],
    out: NDArray[np.float32],
    threads: int,
) -> None: ...
def sample_grid(
    texture: NDArray[np.uint8],
    nodes: NDArray[np.float32],
    matrix: NDArray[np.float64],
    colors: int,
    finer: int,
    out: NDArray[np.float32],
    threads: int,
) -> None: ...
def smooth(
    plane: NDArray[Any],
    weights: NDArray[np.float32],
    cell_x: int,
    cell_y: int,
    radius: int,
    epsilon: float,
    strength: float,
    texture: float,
    threads: int,
) -> None: ...
def cell_means(plane: NDArray[Any], cell_x: int, cell_y: int, out: NDArray[np.float32]) -> None: ...
def polygon_mask(
    points: NDArray[np.float64],
    counts: NDArray[np.int64],
    feather: float,
    out: NDArray[np.float32],
) -> None: ...
def iou(a: object, b: object) -> Any: ...
def nms(boxes: object, scores: object, classes: object, iou_threshold: object) -> Any: ...
def soft_nms(
    boxes: object,
    scores: object,
    gaussian: bool,
    sigma: object,
    iou_threshold: object,
    score_threshold: object,
) -> Any: ...
def pca_column_means(x: NDArray[Any], threads: int) -> NDArray[np.float64]: ...
def pca_scatter(
    x: NDArray[Any], mean: NDArray[np.float64], by_samples: bool, threads: int
) -> NDArray[np.float64]: ...
def pca_combine(
    weights: NDArray[np.float32], x: NDArray[Any], mean: NDArray[np.float64], threads: int
) -> NDArray[np.float32]: ...
def pca_reconstruct_f32(
    scores: NDArray[Any],
    components: NDArray[np.float32],
    mean: NDArray[np.float64],
    threads: int,
) -> NDArray[np.float32]: ...
def pca_reconstruct_u8(
    scores: NDArray[Any],
    components: NDArray[np.float32],
    mean: NDArray[np.float64],
    threads: int,
) -> NDArray[np.uint8]: ...

class Projection:
    def __init__(self, components: NDArray[np.float32], mean: NDArray[np.float64]) -> None: ...
    def transform(self, x: NDArray[Any], threads: int) -> NDArray[np.float32]: ...

class ShortProjection:
    def __init__(self, components: NDArray[np.float32], mean: NDArray[np.float64]) -> None: ...
    def transform(self, x: NDArray[Any]) -> tuple[NDArray[np.float32], float]: ...

class FlowPyramid:
    def __init__(self, luma: NDArray[np.uint8], finest: int, levels: int) -> None: ...
    @property
    def width(self) -> int: ...
    @property
    def height(self) -> int: ...
    @property
    def finest(self) -> int: ...
    @property
    def levels(self) -> int: ...

def match_template(
    image: NDArray[np.uint8],
    template: NDArray[np.uint8],
    mask: NDArray[np.uint8] | None,
    scores: NDArray[np.float32],
    threads: int,
) -> None: ...
def mean_distance(
    points: NDArray[np.float64], counts: NDArray[np.uint8], threads: int
) -> float: ...
def shape_contexts(
    points: NDArray[np.float64],
    counts: NDArray[np.uint8],
    unit: float,
    angles: int,
    radii: int,
    inner: float,
    outer: float,
    out: NDArray[np.float32],
    threads: int,
) -> None: ...
def chi_square_costs(
    a: NDArray[np.float32], b: NDArray[np.float32], out: NDArray[np.float32], threads: int
) -> None: ...
def match_shapes(
    source: NDArray[np.float64],
    source_tangents: NDArray[np.float64],
    source_known: NDArray[np.uint8],
    target: NDArray[np.float64],
    target_tangents: NDArray[np.float64],
    target_known: NDArray[np.uint8],
    iterations: int,
    stiffness: float,
    tangents: float,
    spare: float,
    unmatched: float,
    matches: NDArray[np.int64],
    costs: NDArray[np.float64],
) -> None: ...
def solve(matrix: NDArray[np.float64], right: NDArray[np.float64]) -> None: ...
def assign(costs: NDArray[np.float64], matches: NDArray[np.int64]) -> None: ...
def track_points(
    previous: FlowPyramid,
    current: FlowPyramid,
    points: NDArray[np.float64],
    guesses: NDArray[np.float64],
    iterations: int,
    moved: NDArray[np.float64],
    errors: NDArray[np.float32],
    trips: NDArray[np.float32],
    threads: int,
) -> None: ...

class CropSource:
    def __init__(
        self,
        grids: list[tuple[list[NDArray[Any]], tuple[float, float, float, float, float, float]]],
        width: int,
        height: int,
        bits: int,
        to_rgb: list[float],
        black: list[float],
    ) -> None: ...
    def read(
        self,
        matrix: tuple[float, float, float, float, float, float],
        out: NDArray[Any],
        fill: int,
        scale: float,
        shift: float,
        threads: int,
    ) -> None: ...

def iris_rings(
    plane: NDArray[Any],
    place: tuple[float, ...],
    eye: NDArray[np.float64],
    lids: NDArray[np.float64],
    rays: NDArray[np.float64],
    distances: NDArray[np.float64],
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]: ...
def iris_rim(
    luma: NDArray[np.float32],
    seen: NDArray[np.bool_],
    rays: NDArray[np.float64],
    distances: NDArray[np.float64],
) -> tuple[float, float, float]: ...
def iris_paint(
    luma: NDArray[Any],
    luma_place: tuple[float, ...],
    blue: NDArray[Any],
    red: NDArray[Any],
    chroma_place: tuple[float, ...],
    eye: NDArray[np.float64],
    lids: NDArray[np.float64],
    numbers: tuple[float, ...],
) -> int: ...

class Cascade:
    def __init__(
        self,
        lbp: bool,
        width: int,
        height: int,
        stage_thresholds: NDArray[np.float32],
        stage_trees: NDArray[np.int32],
        tree_nodes: NDArray[np.int32],
        node_left: NDArray[np.int32],
        node_right: NDArray[np.int32],
        node_feature: NDArray[np.int32],
        node_threshold: NDArray[np.float32],
        node_subset: NDArray[np.int32],
        leaf_values: NDArray[np.float32],
        feature_rects: NDArray[np.int32],
        feature_weights: NDArray[np.float32],
        feature_tilted: NDArray[np.bool_],
    ) -> None: ...
    def windows(
        self,
        grey: NDArray[np.uint8],
        scale_factor: float,
        min_width: int,
        min_height: int,
        max_width: int,
        max_height: int,
        threads: int,
    ) -> tuple[NDArray[np.int32], NDArray[np.float64]]: ...
    def stages_passed(
        self, patches: NDArray[np.uint8], passed: NDArray[np.int32], threads: int
    ) -> None: ...

def group_rectangles(
    boxes: NDArray[np.int32], min_neighbors: int, eps: float
) -> tuple[NDArray[np.int32], NDArray[np.int32]]: ...

class FeatureBank:
    def __init__(
        self,
        patches: NDArray[np.uint8],
        rects: NDArray[np.int32],
        weights: NDArray[np.float32] | None,
        tilted: NDArray[np.bool_] | None,
        memory: int,
        threads: int,
    ) -> None: ...
    @property
    def kept(self) -> int: ...
    def values(
        self, features: NDArray[np.int64], out: NDArray[np.float32], threads: int
    ) -> None: ...
    def best(
        self, signs: NDArray[np.int32], weights: NDArray[np.int32] | None, threads: int
    ) -> tuple[int, float]: ...

class ShapePredictor:
    def __init__(
        self,
        initial: NDArray[np.float32],
        anchors: NDArray[np.int32],
        deltas: NDArray[np.float32],
        pixels: NDArray[np.int32],
        thresholds: NDArray[np.float32],
        leaves: NDArray[np.float32],
    ) -> None: ...
    def fit(
        self,
        image: NDArray[Any],
        frames: NDArray[np.float64],
        starts: NDArray[np.float32] | None,
        rounded: bool,
        out: NDArray[np.float64],
        threads: int,
    ) -> None: ...

def read_shape_predictor(
    data: bytes,
) -> tuple[
    NDArray[np.float32],
    NDArray[np.int32],
    NDArray[np.float32],
    NDArray[np.int32],
    NDArray[np.float32],
    NDArray[np.float32],
]: ...
def train_stage(
    pictures: NDArray[np.uint8],
    picture: NDArray[np.int32],
    frames: NDArray[np.float64],
    targets: NDArray[np.float32],
    shapes: NDArray[np.float32],
    initial: NDArray[np.float32],
    anchors: NDArray[np.int32],
    deltas: NDArray[np.float32],
    candidates: int,
    nearness: float,
    shrinkage: float,
    seed: int,
    pixels: NDArray[np.int32],
    thresholds: NDArray[np.float32],
    leaves: NDArray[np.float32],
    threads: int,
) -> None: ...
