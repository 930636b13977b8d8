"""The labelling page: what a browser can do there, and what nobody else can."""

from __future__ import annotations

import http.client
import io
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cvfast.errors import NothingFoundError
from cvfast.swap.face_file import read_record
from cvfast.swap.mask_server import MOST_BODY, LabelServer
from cvfast.swap.xseg import XSeg
from PIL import Image

from tests.swap.masked_people import HOLE, SQUARE, write_people

JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two face pictures, and beside their folder something else."""
    folder = tmp_path_factory.mktemp("work") / "aligned"
    write_people(folder, 2, size=64)
    (folder.parent / "secret.jpg").write_bytes(b"not for the page")
    return folder


@pytest.fixture(scope="module")
def server(faces: Path) -> Iterator[LabelServer]:
    with LabelServer(faces, network=XSeg.load()) as server:
        thread = threading.Thread(target=server.serve)
        thread.start()
        yield server
        server.stop()
        thread.join()


def ask(
    server: LabelServer,
    path: str,
    method: str = "GET",
    body: bytes | None = None,
    headers: dict[str, str] | None = None,
    token: str | None = None,
) -> tuple[int, bytes, dict[str, str]]:
    """Ask for a path behind the secret; return status, content and headers."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    address = f"/{server.token if token is None else token}/{path}"
    connection.request(method, address, body, headers or {})
    answer = connection.getresponse()
    found = answer.status, answer.read(), dict(answer.headers)
    connection.close()
    return found


def test_labels_drawn_on_the_page_are_in_the_face_picture(server: LabelServer, faces: Path) -> None:
    status, page, headers = ask(server, "")
    assert status == 200
    assert b"label.js" in page
    assert headers["Content-Type"].startswith("text/html")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert ask(server, "label.js")[0] == 200
    listed = json.loads(ask(server, "faces")[1])
    assert listed[0] == {"name": "00000_0.jpg", "labelled": False, "masked": False}
    face = faces / "00000_0.jpg"
    assert ask(server, "face/00000_0.jpg")[1] == face.read_bytes()
    pixels = np.asarray(Image.open(face))

    status, _, _ = ask(server, "labels/00000_0.jpg", "PUT", json.dumps([SQUARE]).encode(), JSON)
    assert status == 200
    assert json.loads(ask(server, "labels/00000_0.jpg")[1]) == [SQUARE]
    record = read_record(face)
    assert record is not None
    assert record.polygons == (SQUARE,)
    np.testing.assert_array_equal(np.asarray(Image.open(face)), pixels)
    assert [one["labelled"] for one in json.loads(ask(server, "faces")[1])] == [True, False]


def test_the_veil_is_clear_over_the_face_and_dark_elsewhere(server: LabelServer) -> None:
    status, content, _ = ask(server, "mask/00001_0.jpg")
    assert status == 200
    veil = np.asarray(Image.open(io.BytesIO(content)))
    assert veil.shape == (256, 256, 2)
    assert veil[0, 0, 1] > 240
    assert veil[112:144, 112:144, 1].mean() < 20


@pytest.mark.parametrize(
    "path",
    [
        "face/../secret.jpg", "face/..%2Fsecret.jpg", "face/%2e%2e%2fsecret.jpg",
        "face/..%5csecret.jpg", "face/00000_0.jpg%00", "face/", "face//etc/passwd",
        "labels/..%2Fsecret.jpg", "mask/..%2fsecret.jpg", "../mask_server.py",
        "..%2fmask_server.py",
        "pages/label.html", "nothing", "face/00000_0.jpg/more",
    ],
)  # fmt: skip
def test_only_the_faces_and_the_page_can_be_read(server: LabelServer, path: str) -> None:
    status, content, _ = ask(server, path)
    assert status == 404
    assert b"not for the page" not in content
    assert ask(server, path, "PUT", b"[]", JSON)[0] == 404


def test_nobody_without_the_secret_gets_in(server: LabelServer) -> None:
    for token in ("", "x", server.token[:-1], server.token + "x", "%ff"):
        assert ask(server, "faces", token=token)[0] in (400, 403)
    body = json.dumps([SQUARE]).encode()
    wrong = "wrong"
    assert ask(server, "labels/00000_0.jpg", "PUT", body, JSON, token=wrong)[0] == 403
    assert len(server.token) >= 32


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:80", "127.0.0.1", "0.0.0.0", ""],  # noqa: S104
)
def test_a_name_that_was_made_to_point_here_is_refused(server: LabelServer, host: str) -> None:
    assert ask(server, "faces", headers={"Host": host})[0] == 403


def test_it_listens_on_this_machine_alone(server: LabelServer) -> None:
    assert server.url.startswith("http://127.0.0.1:")
    assert server._http.socket.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"\xff\xfe", b"{}", b"null", b"[1]", b'[{"include": 1, "points": []}]',
        b'[{"include": true, "points": [[0, 0], [1, NaN], [1, 1]]}]',
        b'[{"include": true, "points": [[0, 0], [1, 1e999], [1, 1]]}]',
        b'[{"include": true, "points": [[0, 0], [1, 0]]}]',
        b'[{"include": true, "points": [[0, 0], [1, 0], [1, "1"]], "x": 1}]',
        b"[" * 100_000, b"[" + b"9" * 5000 + b"]",
        json.dumps([SQUARE] * 501).encode(),
    ],
)  # fmt: skip
def test_bad_labels_change_nothing(server: LabelServer, faces: Path, body: bytes) -> None:
    face = faces / "00000_0.jpg"
    before = face.read_bytes()
    status, answer, _ = ask(server, "labels/00000_0.jpg", "PUT", body, JSON)
    assert status == 400
    assert "error" in json.loads(answer)
    assert face.read_bytes() == before


def test_other_content_and_other_methods_are_refused(server: LabelServer) -> None:
    body = json.dumps([HOLE]).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded"):  # what a form may send
        headers = {"Content-Type": kind}
        assert ask(server, "labels/00000_0.jpg", "PUT", body, headers)[0] == 400
    for method in ("POST", "DELETE", "OPTIONS"):
        assert ask(server, "labels/00000_0.jpg", method, body, JSON)[0] == 501


@pytest.mark.parametrize(
    "length", [str(MOST_BODY + 1), "9" * 30, "0" * 20 + "9" * 12, "-1", "1e3", "\u00b2", "x", None]
)
def test_too_long_a_body_is_not_waited_for(server: LabelServer, length: str | None) -> None:
    lines: list[Any] = [
        f"PUT /{server.token}/labels/00000_0.jpg HTTP/1.1", f"Host: 127.0.0.1:{server.port}",
        "Content-Type: application/json",
    ]  # fmt: skip
    if length is not None:
        lines.append(f"Content-Length: {length}")
    with socket.create_connection(("127.0.0.1", server.port), timeout=5) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode())
        assert b" 400 " in connection.recv(4096).split(b"\r\n")[0]


def test_a_folder_without_faces_is_named(tmp_path: Path) -> None:
    with pytest.raises(NothingFoundError, match="swap extract"):
        LabelServer(tmp_path)
