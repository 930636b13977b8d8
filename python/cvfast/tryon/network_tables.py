"""The published files of try-on networks: names and shapes of all that they hold.

Written down apart from the networks, so that a file can be judged without building one, and so that
each can be tested against the other.
"""

from __future__ import annotations

from itertools import pairwise

__all__ = ["TABLES", "optional_names"]

Shapes = dict[str, tuple[int, ...]]


def gmm_shapes(garment_channels: int) -> Shapes:
    """Return CP-VTON's GMM; its garment has 3 channels, CP-VTON+'s 1."""
    shapes: Shapes = {}
    for side, channels in (("A", 22), ("B", garment_channels)):
        name = f"extraction{side}.model"
        for at, (before, after) in enumerate(pairwise((channels, 64, 128, 256, 512))):
            shapes |= _conv(f"{name}.{3 * at}", after, before, 4)
            shapes |= _batch_norm(f"{name}.{3 * at + 2}", after)
        shapes |= _conv(f"{name}.12", 512, 512, 3)
        shapes |= _batch_norm(f"{name}.14", 512)
        shapes |= _conv(f"{name}.15", 512, 512, 3)
    for at, (before, after) in enumerate(pairwise((192, 512, 256, 128, 64))):
        shapes |= _conv(f"regression.conv.{3 * at}", after, before, 4 if at < 2 else 3)
        shapes |= _batch_norm(f"regression.conv.{3 * at + 1}", after)
    return shapes | {"regression.linear.weight": (50, 768), "regression.linear.bias": (50,)}


def tom_shapes(channels: int) -> Shapes:
    """Return CP-VTON's TOM; its input has 25 channels, CP-VTON+'s 26."""
    shapes = _conv("model.model.0", 64, channels, 4)
    name = "model.model.1"
    for before, after in pairwise((64, 128, 256, 512, 512, 512)):
        shapes |= _conv(f"{name}.model.1", after, before, 4)
        innermost = name.count(".model.3") == 4
        at = 4 if innermost else 6
        shapes |= _conv(f"{name}.model.{at}", before, after * (1 if innermost else 2), 3)
        name += ".model.3"
    return shapes | _conv("model.model.4", 4, 128, 3)


def unet_shapes(channels: int, out: int) -> Shapes:
    """Return the U-Net that is ACGPN's G1, G2, G and the refinement of its U."""
    shapes: Shapes = {}
    widths = (channels, 64, 128, 256, 512, 1024)
    for level, (before, after) in enumerate(pairwise(widths), 1):
        shapes |= _conv(f"conv{level}.0", after, before, 3)
        shapes |= _conv(f"conv{level}.3", after, after, 3)
    for level, (before, after) in enumerate(pairwise(reversed(widths[1:])), 6):
        shapes |= _conv(f"up{level}.1", after, before, 3)
        shapes |= _conv(f"conv{level}.0", after, before, 3)
        shapes |= _conv(f"conv{level}.3", after, after, 3)
    return shapes | _conv("conv9.6", out, 64, 3)


def warp_shapes() -> Shapes:
    """Return ACGPN's U: the spatial transformer and its refinement."""
    shapes = unet_shapes(4, 4)
    for at, (before, after) in enumerate(pairwise((5, 8, 16, 32, 64, 128, 256, 256, 256))):
        side = 4 if at < 6 else 3
        shapes |= _conv(f"stn.loc_net.cnn.model.{3 * at}", after, before, side)
    for name, sides in (("fc1", (128, 512)), ("fc2", (50, 128))):
        shapes[f"stn.loc_net.cnn.{name}.weight"] = sides
        shapes[f"stn.loc_net.cnn.{name}.bias"] = sides[:1]
    return shapes | {
        "stn.tps.inverse_kernel": (28, 28),
        "stn.tps.padding_matrix": (3, 2),
        "stn.tps.target_coordinate_repr": (49152, 28),
    }


def optional_names(shapes: Shapes) -> set[str]:
    """Return the names that a file may lack: torch before 0.4.1 counted no batches."""
    return {name for name in shapes if name.endswith(".num_batches_tracked")}


def _conv(name: str, after: int, before: int, side: int) -> Shapes:
    return {f"{name}.weight": (after, before, side, side), f"{name}.bias": (after,)}


def _batch_norm(name: str, channels: int) -> Shapes:
    parts = ("weight", "bias", "running_mean", "running_var")
    shapes: Shapes = {f"{name}.{part}": (channels,) for part in parts}
    return shapes | {f"{name}.num_batches_tracked": ()}


# (kind, variant): what the file holds.
TABLES: dict[tuple[str, str], Shapes] = {
    ("gmm", "cp-vton"): gmm_shapes(3),
    ("gmm", "cp-vton+"): gmm_shapes(1),
    ("tom", "cp-vton"): tom_shapes(25),
    ("tom", "cp-vton+"): tom_shapes(26),
    ("acgpn-g1", "acgpn"): unet_shapes(37, 14),
    ("acgpn-g2", "acgpn"): unet_shapes(37, 1),
    ("acgpn-u", "acgpn"): warp_shapes(),
    ("acgpn-g", "acgpn"): unet_shapes(24, 3),
}
