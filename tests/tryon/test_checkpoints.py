"""Files of weights: the published forms load, everything else is refused and named."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest
import torch
from cvfast.errors import ModelError
from cvfast.tryon.checkpoints import FORMAT, load_network, read_checkpoint, write_checkpoint
from cvfast.tryon.network_tables import TABLES
from cvfast.tryon.networks import build_network
from safetensors.torch import save_file

SMALL = {"size": (48, 64), "width": 8, "downs": 2, "head": 32, "compat": False}


def made(key: tuple[str, str]) -> dict[str, torch.Tensor]:
    """Weights of a published form; one number laid over each shape takes no memory."""
    return {
        name: torch.zeros(
            (), dtype=torch.int64 if name.endswith("tracked") else torch.float32
        ).expand(shape)
        for name, shape in TABLES[key].items()
    }


@pytest.mark.parametrize("key", TABLES, ids=lambda key: " ".join(key))
def test_a_file_of_exactly_the_published_form_is_known(
    key: tuple[str, str], tmp_path: Path
) -> None:
    torch.save(made(key), tmp_path / "net.pth")

    found = read_checkpoint(tmp_path / "net.pth")

    assert (found.kind, found.variant, found.published) == (*key, True)
    assert {name: tuple(tensor.shape) for name, tensor in found.tensors.items()} == TABLES[key]


@pytest.mark.parametrize(
    ("kind", "variant", "parameters"),
    [
        ("gmm", "cp-vton", 19_057_650),
        ("gmm", "cp-vton+", 19_055_602),
        ("tom", "cp-vton", 21_349_252),
        ("tom", "cp-vton+", 21_350_276),
    ],
)
def test_the_published_form_is_what_the_network_has(
    kind: str, variant: str, parameters: int
) -> None:
    net = build_network(kind, {"variant": variant})

    shapes = {name: tuple(tensor.shape) for name, tensor in net.state_dict().items()}
    assert shapes == TABLES[kind, variant]
    assert sum(weights.numel() for weights in net.parameters()) == parameters


def test_old_files_without_counters_load_and_run(tmp_path: Path) -> None:
    net = build_network("gmm", {"variant": "cp-vton+"}, seed=1).eval()
    state = {name: w for name, w in net.state_dict().items() if not name.endswith("tracked")}
    torch.save(state, tmp_path / "gmm_final.pth")

    loaded, found = load_network(tmp_path / "gmm_final.pth", "gmm")

    assert found.variant == "cp-vton+"
    assert all(torch.equal(loaded.state_dict()[name], w) for name, w in state.items())
    with torch.no_grad():
        grid, _ = loaded(torch.rand(1, 22, 256, 192), torch.rand(1, 1, 256, 192))
    assert grid.shape == (1, 256, 192, 2)


def test_our_own_file_and_a_converted_one(tmp_path: Path) -> None:
    net = build_network("gmm", SMALL, seed=0)
    write_checkpoint(tmp_path / "a.safetensors", net, "gmm", SMALL, notes={"iterations": 3})
    published = {name: tensor.clone() for name, tensor in made(("tom", "cp-vton")).items()}
    save_file(published, tmp_path / "b.safetensors")

    loaded, found = load_network(tmp_path / "a.safetensors")

    assert (found.kind, found.notes, found.published) == ("gmm", {"iterations": 3}, False)
    for name, tensor in net.state_dict().items():
        assert torch.equal(loaded.state_dict()[name], tensor)
    assert read_checkpoint(tmp_path / "b.safetensors").kind == "tom"


def _with_settings(text: bytes, net: torch.nn.Module, folder: Path) -> bytes:
    facts = {"format": FORMAT, "kind": "gmm", "settings": f"{{{text.decode()}}}", "notes": "{}"}
    save_file(net.state_dict(), folder / "other.safetensors", metadata=facts)
    return (folder / "other.safetensors").read_bytes()


class Code:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return print, ("run",)


def test_code_is_refused_and_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.pth").write_bytes(pickle.dumps(Code()))
    torch.save({"extractionA.model.0.weight": Code()}, tmp_path / "b.pth")

    for name in ("a.pth", "b.pth"):
        with pytest.raises(ModelError, match=rf"{name}: expected torch's file of weights"):
            read_checkpoint(tmp_path / name)
    assert capsys.readouterr().out == ""


def test_another_network_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    torch.save(made(("tom", "cp-vton")), path)
    with pytest.raises(ModelError, match=r"net\.pth: expected weights of gmm, got those of tom"):
        read_checkpoint(path, "gmm")

    other = made(("gmm", "cp-vton")) | {"extractionA.model.0.weight": torch.zeros(64, 28, 4, 4)}
    torch.save(other, path)
    with pytest.raises(ModelError, match=r"0\.weight is \(64, 28, 4, 4\), not \(64, 22, 4, 4\)"):
        read_checkpoint(path)

    few = made(("acgpn-g1", "acgpn"))
    del few["conv9.6.bias"]
    torch.save(few | {"conv10.weight": torch.zeros(1)}, path)
    with pytest.raises(ModelError, match=r"acgpn-g1, .*conv9\.6\.bias is missing; conv10\.weight"):
        read_checkpoint(path, "acgpn-g1")

    torch.save({"state_dict": {"a": torch.zeros(1)}, "epoch": 3}, path)
    with pytest.raises(ModelError, match="tensors by name and nothing else"):
        read_checkpoint(path)


def test_damage_is_named(tmp_path: Path) -> None:
    net = build_network("gmm", SMALL)
    good = tmp_path / "good.safetensors"
    write_checkpoint(good, net, "gmm", SMALL)
    data = good.read_bytes()
    bad, cut = tmp_path / "bad.safetensors", tmp_path / "cut.pth"
    torch.save(made(("gmm", "cp-vton")), cut)
    cut.write_bytes(cut.read_bytes()[:-200])

    for there, here in ((b'"kind":"gmm"', b'"kind":"gmx"'), (b"cvfast try-on", b"cvfast tricks")):
        assert there in data
        bad.write_bytes(data.replace(there, here))
        with pytest.raises(ModelError, match=r"bad\.safetensors: expected .*cvfast try-on"):
            read_checkpoint(bad)
    with pytest.raises(ModelError, match=r"cut\.pth: expected torch's file"):
        read_checkpoint(cut)
    with pytest.raises(ModelError, match=r"gone\.pth: cannot be read"):
        read_checkpoint(tmp_path / "gone.pth")
    header = json.dumps({**SMALL, "width": 1 << 20})[1:-1].encode()
    for settings in (header, header + b","):  # memory for the asking; no JSON
        bad.write_bytes(_with_settings(settings, net, tmp_path))
        with pytest.raises(ModelError, match=r"bad\.safetensors: expected .*damaged"):
            read_checkpoint(bad)
    with torch.no_grad():
        next(iter(net.parameters())).fill_(float("nan"))
    with pytest.raises(ValueError, match="expected finite weights"):
        write_checkpoint(tmp_path / "nan.safetensors", net, "gmm", SMALL)
    with pytest.raises(ValueError, match="kind: expected one of"):
        read_checkpoint(good, "gmx")


@pytest.mark.parametrize(
    ("kind", "settings"),
    [("gmm", {"size": "a"}), ("acgpn-u", {"size": [1]}), ("swapnet-texture", {"side": None})],
)
def test_damaged_settings_are_named(tmp_path: Path, kind: str, settings: dict) -> None:
    facts = {"format": FORMAT, "kind": kind, "settings": json.dumps(settings), "notes": "{}"}
    save_file({"a": torch.zeros(1)}, tmp_path / "a.safetensors", facts)
    with pytest.raises(ModelError, match="got a damaged one"):
        read_checkpoint(tmp_path / "a.safetensors")


def test_numbers_of_other_kinds_are_taken_or_named(tmp_path: Path) -> None:
    whole = made(("tom", "cp-vton"))
    name = next(iter(whole))
    plain = torch.zeros(whole[name].shape)
    torch.save(whole | {name: plain.to(torch.float8_e4m3fn)}, tmp_path / "eight.pth")
    assert read_checkpoint(tmp_path / "eight.pth").tensors[name].dtype == torch.float32
    for odd in (plain.to_sparse(), torch.zeros(plain.shape, device="meta")):
        torch.save(whole | {name: odd}, tmp_path / "odd.pth")
        with pytest.raises(ModelError, match="expected plain numbers"):
            read_checkpoint(tmp_path / "odd.pth")
