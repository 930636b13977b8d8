"""Signing files: what is signed, what a change does, that nothing is half-written or fetched."""

from __future__ import annotations

import http.server
import shutil
import sys
import threading
from fractions import Fraction

import c2pa
import numpy as np
import pytest
from cvfast.errors import MediaError, MissingDependencyError, OutputError
from cvfast.io import credentials
from cvfast.io.atomic import atomic_path
from cvfast.io.credentials import read_credentials
from cvfast.io.images import read_image, write_image
from cvfast.io.provenance import Mark, read_provenance
from cvfast.io.signing import Signer, check_signable, sign_file
from cvfast.io.video import probe, read_frames, transcode

MARK = Mark(software="cvfast 1.2.3", actions=("big_eyes=0.4", "eye_color=green"))
DONE = ("c2pa.opened", "c2pa.edited: big_eyes=0.4", "c2pa.adjustedColor: eye_color=green")


@pytest.fixture(scope="module")
def signer(identity):
    return Signer.load(identity.chain, identity.key)


@pytest.fixture
def picture(photo, tmp_path):
    path = tmp_path / "plain.png"
    write_image(path, photo)
    return path


@pytest.fixture
def plain_clip(clip):
    """Make a clip of 5 frames."""
    return clip("plain.mp4", times=range(5), time_base=Fraction(1, 25), last=1, rate=25)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
def test_pictures(signer, picture, tmp_path, suffix, identity):
    path = tmp_path / f"new.{suffix}"
    write_image(path, read_image(picture), mark=MARK)
    before = read_image(path)
    sign_file(path, signer, mark=MARK, source=picture)
    found = read_credentials(path)
    assert found.state == "untrusted"
    assert (found.signer, found.issuer, found.algorithm) == ("Jane Doe", "Test & Sons", "ES256")
    assert found.software == "cvfast 1.2.3"
    assert found.title == f"new.{suffix}"
    assert found.actions == DONE
    assert found.sources == ("plain.png",)
    assert found.problems == ()
    assert read_credentials(path, trust=identity.root.read_text()).state == "trusted"
    # The picture itself and the mark are as they were.
    np.testing.assert_array_equal(read_image(path).pixels, before.pixels)
    assert read_provenance(path) == MARK


@pytest.mark.parametrize("suffix", ["mp4", "m4v", "mov"])
def test_clips(signer, plain_clip, tmp_path, suffix):
    path = tmp_path / f"new.{suffix}"
    transcode(plain_clip, path, lambda _: True, mark=MARK)
    before = [(frame.pts, frame.rgb().tobytes()) for frame in read_frames(path)]
    sign_file(path, signer, mark=MARK, source=plain_clip)
    found = read_credentials(path)
    assert (found.state, found.actions, found.sources) == ("untrusted", DONE, ("plain.mp4",))
    assert [(frame.pts, frame.rgb().tobytes()) for frame in read_frames(path)] == before
    assert probe(path).frames == 5
    assert read_provenance(path) == MARK


def test_changed_pixels(signer, picture, plain_clip):
    for path in (picture, plain_clip):
        sign_file(path, signer)
        data = bytearray(path.read_bytes())
        data[-30] ^= 1
        path.write_bytes(data)
        found = read_credentials(path)
        assert found.state == "invalid"
        assert found.problems == ("the file was changed after it was signed",)


def test_changed_words(signer, picture):
    sign_file(picture, signer, mark=MARK)
    signed = picture.read_bytes()
    for word, problem in (
        (b"big_eyes", "what it says about itself was changed"),
        (b"Jane", "the signature does not fit"),
    ):
        assert word in signed
        picture.write_bytes(signed.replace(word, word.swapcase(), 1))
        found = read_credentials(picture)
        assert found.state == "invalid"
        assert problem in found.problems[0]


def test_a_broken_manifest_is_no_unsigned_file(signer, picture):
    sign_file(picture, signer)
    data = picture.read_bytes()
    at = data.index(b"jumdc2pa") + 60
    picture.write_bytes(data[:at] + bytes(400) + data[at + 400 :])
    found = read_credentials(picture)
    assert found.state == "invalid"
    assert found.problems


def test_signed_twice(signer, picture, tmp_path):
    first = tmp_path / "first.png"
    shutil.copy(picture, first)
    sign_file(first, signer, source=picture)
    second = tmp_path / "second.png"
    shutil.copy(first, second)
    sign_file(second, signer, source=first)
    assert read_credentials(second).sources == ("first.png",)
    data = bytearray(first.read_bytes())
    data[-30] ^= 1
    first.write_bytes(data)
    sign_file(second, signer, source=first)
    found = read_credentials(second)
    assert found.state == "untrusted"
    assert "its own signature was broken" in found.sources[0]


def test_sources_without_a_place_for_credentials(signer, picture, tmp_path):
    (tmp_path / "tape.mkv").write_bytes(b"\x1a\x45\xdf\xa3")
    sign_file(picture, signer, source=tmp_path / "tape.mkv")
    found = read_credentials(picture)
    assert (found.state, found.sources) == ("untrusted", ("tape.mkv",))


def test_without_a_source(signer, picture):
    sign_file(picture, signer, title="Holiday.png")
    found = read_credentials(picture)
    assert (found.title, found.sources) == ("Holiday.png", ())
    assert found.actions[0] == "c2pa.created"


@pytest.mark.parametrize(
    ("kind", "algorithm"), [("P-384", "ES384"), ("RSA", "PS256"), ("Ed25519", "ED25519")]
)
def test_kinds_of_keys(make_identity, picture, kind, algorithm):
    identity = make_identity(kind)
    sign_file(picture, Signer.load(identity.chain, identity.key))
    found = read_credentials(picture)
    assert (found.state, found.algorithm) == ("untrusted", algorithm)


def test_an_encrypted_key(make_identity, picture):
    identity = make_identity(passphrase=b"open sesame")
    sign_file(picture, Signer.load(identity.chain, identity.key, passphrase=b"open sesame"))
    assert read_credentials(picture).state == "untrusted"
    with pytest.raises(ValueError, match="encrypted; expected a passphrase"):
        Signer.load(identity.chain, identity.key)
    with pytest.raises(ValueError, match="or the passphrase is wrong"):
        Signer.load(identity.chain, identity.key, passphrase=b"close")


def test_unfit_certificates(make_identity, identity, tmp_path):
    for unfit, message in (
        (make_identity(alone=True), "is self-signed. A certificate for C2PA"),
        (make_identity(days=10), "expected a certificate that is valid today, got one for 20"),
        (make_identity(usage=False), "cannot sign: .*emailProtection or documentSigning"),
        (make_identity("secp256k1"), "expected an elliptic curve key"),
    ):
        with pytest.raises(ValueError, match=message):
            Signer.load(unfit.chain, unfit.key)
    with pytest.raises(ValueError, match="does not belong to the key"):
        Signer.load(identity.chain, make_identity().key)
    with pytest.raises(ValueError, match="expected certificates in PEM form"):
        Signer.load(identity.key, identity.key)
    with pytest.raises(ValueError, match="expected a private key in PEM form"):
        Signer.load(identity.chain, identity.chain)
    with pytest.raises(MediaError, match=r"gone.pem: cannot be read: No such file"):
        Signer.load(tmp_path / "gone.pem", identity.key)


def test_the_key_is_not_shown(signer):
    assert "PRIVATE" not in repr(signer)
    assert "ES256" in repr(signer)


def test_formats_that_cannot_be_signed(signer, tmp_path):
    for name in ("a.mkv", "a.webm", "a.bmp", "a"):
        (tmp_path / name).write_bytes(b"as it was")
        with pytest.raises(ValueError, match=r"cannot carry a signature; expected .jpg"):
            check_signable(tmp_path / name)
        with pytest.raises(ValueError, match="cannot carry a signature"):
            sign_file(tmp_path / name, signer)
        assert read_credentials(tmp_path / name) is None
        assert (tmp_path / name).read_bytes() == b"as it was"


def test_what_cannot_be_signed_stays(signer, tmp_path, names):
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"\x89PNG\r\n\x1a\n no picture")
    with pytest.raises(OutputError, match=r"broken.png: cannot be signed"):
        sign_file(broken, signer)
    assert broken.read_bytes() == b"\x89PNG\r\n\x1a\n no picture"
    assert names(tmp_path) == ["broken.png"]


def test_as_the_last_step_of_writing(signer, picture, tmp_path, names, monkeypatch):
    target = tmp_path / "new.png"
    with atomic_path(target) as temporary:
        shutil.copy(picture, temporary)
        sign_file(temporary, signer, title=target.name)
        assert not target.exists()
    assert read_credentials(target).title == "new.png"

    def fail(*_arguments):
        raise c2pa.C2paError("no more ink")

    monkeypatch.setattr(c2pa.Builder, "sign", fail)

    def write():
        with atomic_path(target, overwrite=True) as temporary:
            shutil.copy(picture, temporary)
            sign_file(temporary, signer)

    with pytest.raises(OutputError, match="no more ink"):
        write()
    assert read_credentials(target).title == "new.png"
    assert names(tmp_path) == ["new.png", "plain.png"]


def test_nothing_is_fetched(signer, picture, monkeypatch):
    """A file may name an address for its manifest; nobody calls there."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        address = f"http://127.0.0.1:{server.server_port}/manifest.c2pa"
        make = c2pa.Builder.sign

        def elsewhere(self, *arguments):
            self.set_no_embed()
            self.set_remote_url(address)
            return make(self, *arguments)

        monkeypatch.setattr(c2pa.Builder, "sign", elsewhere)
        sign_file(picture, signer)
        found = read_credentials(picture)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
    assert asked == []
    assert found.state == "unchecked"
    assert "lies on the network" in found.problems[0]


def test_no_thumbnail_of_what_was_before(signer, picture, tmp_path):
    plain = tmp_path / "signed.png"
    shutil.copy(picture, plain)
    sign_file(plain, signer, source=picture)
    assert b"thumbnail" not in plain.read_bytes()


def test_without_the_extra(signer, picture, monkeypatch):
    assert read_credentials(picture) is None
    sign_file(picture, signer)
    monkeypatch.setitem(sys.modules, "c2pa", None)
    found = read_credentials(picture)
    assert found.state == "unchecked"
    assert "pip install 'cvfast[provenance]'" in found.problems[0]
    picture.write_bytes(b"")
    assert read_credentials(picture) is None
    with pytest.raises(MissingDependencyError, match="provenance"):
        sign_file(picture, signer)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(MediaError, match=r"gone.png: cannot be read"):
        read_credentials(tmp_path / "gone.png")


def test_a_trust_list_that_is_none(signer, picture):
    sign_file(picture, signer)
    with pytest.raises(ValueError, match="trust: expected certificates in PEM form"):
        read_credentials(picture, trust="those whom I like")


def test_words_of_strangers_are_one_plain_line():
    entry = {"code": "general.error", "explanation": "\x1b[2J\n  signature    valid"}
    (problem,) = credentials._told({"validation_status": [entry]}, "Invalid").problems
    assert problem == "[2J   signature    valid"
