"""A page on this machine to draw mask labels on face pictures.

It is served to 127.0.0.1 alone, under an address nobody can guess. What can be read are the
pictures of one folder that were there at the start, by name; what can be written are their labels.
"""

from __future__ import annotations

import io
import json
import secrets
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import unquote

import numpy as np

from cvfast.errors import CvfastError, NothingFoundError
from cvfast.swap.face_file import FaceRecord, face_files, read_record, write_record
from cvfast.swap.mask_labels import checked_polygons
from cvfast.swap.mask_samples import face_pixels
from cvfast.swap.masks import face_mask
from cvfast.swap.xseg import XSeg, resized
from cvfast.typing import Path as PathLike

__all__ = ["LabelServer"]

MOST_BODY = 1 << 20
_MASK_SIDE = 256
_PATIENCE = 30  # seconds for a request to come in
_PAGES = {"": ("label.html", "text/html"), "label.js": ("label.js", "text/javascript")}
_KINDS = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; img-src 'self'; connect-src 'self'; "
        "style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

Answer = tuple[str, bytes]  # kind of content, content


class LabelServer:
    """The page's server; use it in a ``with`` block.

    Parameters
    ----------
    folder
        Of face pictures, as ``workspace.faces("source")``.
    network
        Whose masks are shown where none is applied; None: none.
    port
        0: any that is free.

    Attributes
    ----------
    url
        Where the page is.

    Raises
    ------
    NothingFoundError
        The folder has no face pictures with a record.
    OSError
        The port is taken.
    """

    def __init__(self, folder: PathLike, *, network: XSeg | None = None, port: int = 0) -> None:
        self._faces = {
            path.name: path for path in face_files(folder) if _labelled(path) is not None
        }
        if not self._faces:
            raise NothingFoundError(
                f"{folder}: no face pictures; extract some: cvfast swap extract"
            )
        self._network = network
        self._writing = threading.Lock()
        self.token = secrets.token_urlsafe(24)
        self._http = _Http(port, self)
        self.port = int(self._http.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}/{self.token}/"

    def serve(self) -> None:
        """Answer until `stop`, or Ctrl-C."""
        self._http.serve_forever()

    def stop(self) -> None:
        """Let `serve` in another thread return."""
        self._http.shutdown()

    def __enter__(self) -> LabelServer:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.server_close()

    def page(self, name: str) -> Answer | None:
        """Return one of the page's own files."""
        if name not in _PAGES:
            return None
        file, kind = _PAGES[name]
        return f"{kind}; charset=utf-8", Path(__file__).with_name("pages").joinpath(
            file
        ).read_bytes()

    def listed(self) -> Answer:
        """Return names of faces, and whether they have labels and masks."""
        faces = []
        for name, path in self._faces.items():
            record = _labelled(path)
            labelled = record is not None and bool(record.polygons)
            masked = record is not None and record.mask is not None
            faces.append({"name": name, "labelled": labelled, "masked": masked})
        return "application/json", json.dumps(faces).encode()

    def face(self, name: str) -> Answer | None:
        """Return a face picture as it is."""
        path = self._faces.get(name)
        return None if path is None else (_KINDS[path.suffix.lower()], path.read_bytes())

    def labels(self, name: str) -> Answer | None:
        """Return a face's polygons."""
        path = self._faces.get(name)
        record = None if path is None else read_record(path)
        if record is None:
            return None
        return "application/json", json.dumps(list(record.polygons)).encode()

    def mask(self, name: str) -> Answer | None:
        """Return a PNG that is black and opaque where there is no face: a veil to lay over it."""
        from PIL import Image as Pillow

        path = self._faces.get(name)
        record = None if path is None else read_record(path)
        if path is None or record is None:
            return None
        pixels = face_pixels(path)
        if record.mask is None and self._network is not None:
            small = resized(pixels, _MASK_SIDE, _MASK_SIDE)
            mask = self._network.masks(small[None])[0]
        else:
            mask = face_mask(pixels, record, size=_MASK_SIDE)
        veil = np.zeros((_MASK_SIDE, _MASK_SIDE, 2), np.uint8)
        veil[..., 1] = np.rint((1 - mask) * 255)
        buffer = io.BytesIO()
        Pillow.fromarray(veil, "LA").save(buffer, "PNG")
        return "image/png", buffer.getvalue()

    def put_labels(self, name: str, body: bytes) -> Answer | None:
        """Replace a face's polygons.

        Raises
        ------
        ValueError
            The body is no list of polygons.
        """
        path = self._faces.get(name)
        if path is None:
            return None
        try:
            given = json.loads(body)
        except RecursionError as error:
            raise ValueError("polygons: expected a list, got it nested too deeply") from error
        polygons = checked_polygons(given)
        with self._writing:
            record = read_record(path)
            if record is None:
                return None
            write_record(path, replace(record, polygons=polygons))
        return "application/json", json.dumps({"polygons": len(polygons)}).encode()


def _labelled(path: Path) -> FaceRecord | None:
    """Return a picture's record; None also where it is damaged."""
    try:
        return read_record(path)
    except CvfastError:
        return None


class _Http(ThreadingHTTPServer):
    """Listens, and knows whose requests these are."""

    daemon_threads = True

    def __init__(self, port: int, labels: LabelServer) -> None:
        self.labels = labels
        super().__init__(("127.0.0.1", port), _Handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet where a browser has gone away in the middle of an answer."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    """Answers one connection; see `LabelServer`."""

    server: _Http
    timeout = _PATIENCE
    server_version, sys_version = "cvfast", ""

    def do_GET(self) -> None:
        self._answered(self._read)

    def do_PUT(self) -> None:
        self._answered(self._write)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: the address is a secret."""

    def _answered(self, work: Callable[[list[str]], Answer | None]) -> None:
        parts = self._parts()
        if parts is None:
            return self._send(403, "application/json", b'{"error": "forbidden"}')
        try:
            answer = work(parts)
        except (ValueError, CvfastError, OSError) as error:
            ours = isinstance(error, CvfastError | OSError)  # not what was asked for
            status = 500 if ours else 400
            text = json.dumps({"error": str(error)}).encode()
            return self._send(status, "application/json", text)
        if answer is None:
            return self._send(404, "application/json", b'{"error": "not found"}')
        return self._send(200, *answer)

    def _parts(self) -> list[str] | None:
        """Return what comes behind the secret; None where it is not the secret."""
        port = self.server.labels.port
        if self.headers.get("Host", "") not in (f"127.0.0.1:{port}", f"localhost:{port}"):
            return None  # a name of somebody else's that was made to point here
        _, token, *parts = [*self.path.partition("?")[0].split("/"), ""]
        if not secrets.compare_digest(token.encode(), self.server.labels.token.encode()):
            return None
        return [unquote(part) for part in parts[:-1]]

    def _read(self, parts: list[str]) -> Answer | None:
        labels = self.server.labels
        if len(parts) == 1:
            return labels.listed() if parts[0] == "faces" else labels.page(parts[0])
        readers = {"face": labels.face, "labels": labels.labels, "mask": labels.mask}
        if len(parts) == 2 and parts[0] in readers:
            return readers[parts[0]](parts[1])
        return None

    def _write(self, parts: list[str]) -> Answer | None:
        if len(parts) != 2 or parts[0] != "labels":
            return None
        if self.headers.get_content_type() != "application/json":
            raise ValueError("Content-Type: expected application/json")
        length = self.headers.get("Content-Length", "")
        number = length.isascii() and length.isdigit() and len(length) < 10
        if not number or int(length) > MOST_BODY:
            self.close_connection = True
            raise ValueError(f"Content-Length: expected at most {MOST_BODY}, got {length:.20}")
        return self.server.labels.put_labels(parts[1], self.rfile.read(int(length)))

    def _send(self, status: int, kind: str, body: bytes) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
