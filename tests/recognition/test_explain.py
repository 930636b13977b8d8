"""What eigenfaces and the layers of a net say of a set of faces."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cvfast.errors import LimitError, MediaError, NothingFoundError
from cvfast.faces.types import Landmarks
from cvfast.io.images import write_image
from cvfast.recognition.explain import (
    ShownFace,
    explain_eigenfaces,
    find_shown_faces,
    named_pictures,
    same_person_first,
)
from cvfast.recognition.explain_layers import FACES_A_PERSON, LayerProbe
from cvfast.synth.faces import MadeFace, make_face


def shown(pictures: np.ndarray, people: list[str | None]) -> list[ShownFace]:
    return [
        ShownFace(Path(f"{number}.png"), person, np.repeat(p[..., None], 3, axis=2), p)
        for number, (p, person) in enumerate(zip(pictures, people, strict=True))
    ]


@pytest.fixture
def pictures() -> np.ndarray:
    rng = np.random.default_rng(0)
    people = np.repeat(rng.integers(40, 216, (10, 12, 10)), 3, axis=0)
    return (people + rng.integers(-20, 21, people.shape)).astype(np.uint8)


NAMES: list[str | None] = [f"person {number // 3}" for number in range(30)]


def test_the_figures_are_those_of_a_singular_value_decomposition(pictures: np.ndarray) -> None:
    story = explain_eigenfaces(shown(pictures, NAMES))
    rows = pictures.reshape(30, -1).astype(np.float64)
    off = rows - rows.mean(axis=0)
    left, values, right = np.linalg.svd(off, full_matrices=False)
    shares = values**2 / (values**2).sum()
    np.testing.assert_allclose(story.shares, shares[:29], atol=1e-6)
    assert story.enough == np.argmax(np.cumsum(shares) >= 0.9) + 1
    assert np.abs(story.mean - rows.mean(axis=0).reshape(12, 10)).max() <= 0.5
    cosines = (story.components.reshape(len(story.components), -1) * right[:12]).sum(axis=1)
    np.testing.assert_allclose(np.abs(cosines), 1, atol=1e-4)
    scores = np.abs(left * values)[:, :2]
    np.testing.assert_allclose(np.abs(story.scores), scores, rtol=1e-3, atol=0.1)
    for one in story.rebuilt:
        assert list(one.errors) == [5, 20, 29]  # of 30 faces there are 29 components
        for kept, error in one.errors.items():
            rest = off[one.number] - right[:kept].T @ (right[:kept] @ off[one.number])
            assert error == pytest.approx(np.sqrt(np.mean(rest**2)), abs=0.5)  # whole levels


def test_the_nearest_are_those_of_a_search_through_all(pictures: np.ndarray) -> None:
    story = explain_eigenfaces(shown(pictures, NAMES))
    rows = pictures.reshape(30, -1).astype(np.float64)
    for near in story.near:
        apart = np.linalg.norm(rows - rows[near.number], axis=1)  # all components: the pixels'
        apart[near.number] = np.inf
        assert near.others == np.argsort(apart)[:5].tolist()
        np.testing.assert_allclose(near.distances, np.sort(apart)[:5], rtol=1e-3)
    assert story.alike == (30, 30)
    # Four different people are shown.
    assert len({NAMES[near.number] for near in story.near}) == 4


def test_two_faces_have_one_component() -> None:
    two = np.stack([np.zeros((8, 8), np.uint8), np.full((8, 8), 200, np.uint8)])
    story = explain_eigenfaces(shown(two, [None, None]))
    assert story.shares == pytest.approx([1])
    assert story.scores[:, 1].tolist() == [0, 0]
    assert [list(one.errors) for one in story.rebuilt] == [[1], [1]]
    assert [near.others for near in story.near] == [[1], [0]]
    assert story.alike is None


def test_too_few_or_equal_faces_are_refused() -> None:
    one = np.zeros((1, 8, 8), np.uint8)
    with pytest.raises(ValueError, match="two or more, got 1"):
        explain_eigenfaces(shown(one, [None]))
    with pytest.raises(ValueError, match="3 times the same picture"):
        explain_eigenfaces(shown(np.repeat(one, 3, axis=0), [None] * 3))


def test_who_is_alone_is_not_asked_for() -> None:
    far = np.array([[np.inf, 1, 5], [1, np.inf, 4], [5, 4, np.inf]])
    assert same_person_first(far, ["a", "b", "a"]) == (0, 2)
    assert same_person_first(far, ["a", "a", None]) == (2, 2)
    assert same_person_first(far, [None, None, None]) is None
    assert same_person_first(far, ["a", "b", "c"]) is None


@pytest.fixture(scope="module")
def made() -> list[MadeFace]:
    return [
        make_face(number // 2, seed=number, size=128, occlusion="none", pose=(0.1, 0, 0))
        for number in range(4)
    ]


@pytest.fixture(scope="module")
def people(made: list[MadeFace], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two people with two pictures each, and beside them one without a face and a broken one."""
    root = tmp_path_factory.mktemp("people")
    for number, face in enumerate(made):
        folder = root / ("ann", "bob")[number // 2]
        folder.mkdir(exist_ok=True)
        write_image(folder / f"{number}.png", face.image)
    write_image(root / "bob/nobody.png", np.full((64, 64, 3), 90, np.uint8))
    (root / "bob/broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    return root


def test_folders_give_people_and_files_give_nobody(people: Path) -> None:
    sources = named_pictures([people])
    assert [(path.name, person) for path, person in sources] == [
        ("0.png", "ann"), ("1.png", "ann"), ("2.png", "bob"), ("3.png", "bob"),
        ("broken.png", "bob"), ("nobody.png", "bob"),
    ]  # fmt: skip
    assert {person for _, person in named_pictures([people / "ann"])} == {None}
    assert named_pictures([people / "ann/0.png"]) == [(people / "ann/0.png", None)]
    with pytest.raises(MediaError, match="no such file or folder"):
        named_pictures([people / "carl"])


def test_faces_are_found_and_the_rest_is_listed(people: Path) -> None:
    counts = []
    faces = find_shown_faces(named_pictures([people]), progress=lambda *c: counts.append(c))
    assert [face.title for face in faces.faces] == [
        "ann, 0.png", "ann, 1.png", "bob, 2.png", "bob, 3.png",
    ]  # fmt: skip
    assert faces.people == ["ann", "bob"]
    assert list(faces.steps) == ["aligned", "grey", "equalised", "masked"]
    assert (faces.steps["masked"] == faces.faces[0].ready).all()
    assert {path.name: type(error) for path, error in faces.missing} == {
        "broken.png": MediaError, "nobody.png": NothingFoundError,
    }  # fmt: skip
    assert counts[-1] == (6, 6)
    with pytest.raises(NothingFoundError, match=r"at least two pictures .* found 1 in 2"):
        find_shown_faces([(people / "ann/0.png", None), (people / "bob/nobody.png", None)])


class Net:
    """A net whose second layer knows who it is, and whose first does not."""

    def __init__(self) -> None:
        self.person, self.looked = 0, 0
        self._rng = np.random.default_rng(0)

    def layers(self, image: np.ndarray, landmarks: Landmarks) -> dict[str, np.ndarray]:
        self.looked += 1
        blind = self._rng.random((3, 9, 9), np.float32)
        blind[1] += 5
        knowing = np.zeros((2, 4, 4), np.float32)
        knowing[0, self.person] = 10
        return {"C1": blind, "L4": knowing + self._rng.random(knowing.shape, np.float32)}

    def embed(self, image: np.ndarray, faces: list[Landmarks]) -> np.ndarray:
        return np.eye(8, dtype=np.float32)[[self.person]]


def test_layers_that_know_the_person_are_told_from_those_that_do_not(made: list[MadeFace]) -> None:
    net = Net()
    sources = [(Path(f"{k}.png"), f"p{k // 6}") for k in range(18)] + [(Path("x.png"), "alone")]
    probe = LayerProbe(net, sources)
    face = made[0]
    for number, source in enumerate(sources):
        net.person = number // 6
        probe.look(source, face.image, Landmarks(face.points478, "mesh478", 1.0, face.box))
    assert net.looked == 3 * FACES_A_PERSON
    pixels, c1, l4, f7 = probe.answers()
    assert [a.name for a in (pixels, c1, l4, f7)] == ["pixels", "C1", "L4", "F7"]
    assert (c1.shape, l4.shape, f7.shape) == ((3, 9, 9), (2, 4, 4), (8,))
    assert c1.maps[0].mean() > 5  # the strongest channel first
    assert c1.ratio == pytest.approx(1, abs=0.05)
    assert l4.ratio is not None
    assert l4.ratio > 3
    assert l4.alike == (12, 12)
    assert pixels.ratio is None  # the same picture each time: nothing within a person
    assert f7.maps.shape == (0, 1, 1)
    assert probe.shown is not None
    assert probe.shown[0] == sources[0]


def test_without_names_one_face_is_looked_at(made: list[MadeFace]) -> None:
    net = Net()
    sources = [(Path(f"{k}.png"), None) for k in range(5)]
    probe = LayerProbe(net, sources)
    for source in sources:
        probe.look(source, made[0].image, Landmarks(made[0].points68, "dlib68", 1.0, made[0].box))
    assert net.looked == 1
    assert all(answer.ratio is None and answer.alike is None for answer in probe.answers())


def test_too_many_pictures_are_refused_before_any_is_read() -> None:
    with pytest.raises(LimitError, match="at most 5000 pictures to explain, got 5001"):
        find_shown_faces([(Path("gone.png"), None)] * 5001)
