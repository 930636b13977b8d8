"""The page of ``cvfast recognize explain``: one HTML file that needs nothing else."""

from __future__ import annotations

import base64
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cvfast.cli.explainplots import layers_plot, map_plot, spectrum_plot
from cvfast.cli.recognizing import count
from cvfast.errors import MissingDependencyError
from cvfast.faces.drawing import png
from cvfast.io.atomic import check_target, write_bytes
from cvfast.io.figures import new_figure
from cvfast.recognition.explain import KEPT
from cvfast.typing import ImageU8
from cvfast.typing import Path as PathLike

if TYPE_CHECKING:
    from cvfast.recognition.explain import EigenStory, Faces, Rebuilt
    from cvfast.recognition.explain_layers import LayerAnswer, LayerProbe

__all__ = ["check_page", "data_uri", "signed_colors", "write_page"]

_MISSING_SHOWN = 50
_STEP_NAMES = {
    "aligned": "aligned by the eyes",
    "grey": "grey",
    "equalised": "equalised",
    "masked": "masked",
}


def check_page(path: PathLike, *, overwrite: bool) -> None:
    """Refuse before any work a page that could not be written after it.

    Raises
    ------
    MissingDependencyError
        jinja2 or matplotlib is not installed.
    OutputError, OutputExistsError
        As for `cvfast.io.atomic.check_target`.
    """
    _template()
    new_figure(1, 1)
    check_target(path, overwrite=overwrite)


def write_page(
    path: PathLike,
    faces: Faces,
    story: EigenStory,
    probe: LayerProbe | None,
    no_net: str,
    *,
    overwrite: bool,
) -> None:
    """Write the page.

    Parameters
    ----------
    path
        Of the HTML file.
    faces, story
        What was found and what eigenfaces say of it.
    probe
        What DeepFace's layers say; None where there is no net, and then `no_net` says why.
    overwrite
        Replace a page of that name.
    """
    text = _template().render(
        faces=_about(faces),
        steps=[(_STEP_NAMES.get(name, name), data_uri(p)) for name, p in faces.steps.items()],
        mean=data_uri(story.mean),
        components=[data_uri(signed_colors(c)) for c in story.components],
        spectrum=_spectrum(story),
        rebuilt=[_rebuilt(faces, one) for one in story.rebuilt],
        fewer=_fewer(len(story.shares)),
        map=data_uri(map_plot(faces.faces, story.scores)),
        near=_near(faces, story),
        alike=story.alike,
        layers=None if probe is None else _layers(faces, probe),
        no_net=no_net,
    )
    write_bytes(path, text.encode(), overwrite=overwrite)


def data_uri(image: ImageU8 | bytes) -> str:
    """Return a picture, or the PNG of one, as an address that holds it.

    Examples
    --------
    >>> data_uri(b"PNG")
    'data:image/png;base64,UE5H'
    """
    data = image if isinstance(image, bytes) else png(np.ascontiguousarray(image))
    return "data:image/png;base64," + base64.b64encode(data).decode()


def signed_colors(values: NDArray[Any]) -> ImageU8:
    """Return signed values as colours: white 0, red above, blue below, (h, w, 3) uint8.

    Examples
    --------
    >>> signed_colors(np.array([[-2.0, 0.0, 1.0]])).tolist()
    [[[31, 68, 156], [255, 255, 255], [217, 138, 141]]]
    """
    most = max(float(np.abs(values).max()), 1e-12)
    share = (values / most)[..., None]
    end = np.where(share > 0, np.array([179.0, 22.0, 27.0]), np.array([31.0, 68.0, 156.0]))
    colors: ImageU8 = np.rint(255 + np.abs(share) * (end - 255)).astype(np.uint8)
    return colors


def _template() -> Any:
    try:
        from jinja2 import Environment, StrictUndefined
    except ImportError as error:
        raise MissingDependencyError(
            f"the page needs jinja2 ({error}): pip install 'cvfast[plot]'"
        ) from error
    place = resources.files("cvfast.cli").joinpath("templates/explain.html")
    rules = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    return rules.from_string(place.read_text("utf-8"))


def _about(faces: Faces) -> dict[str, Any]:
    missing = [str(error) for _, error in faces.missing]
    return {
        "count": len(faces.faces),
        "people": count(len(faces.people), "named person", "named people") if faces.people else "",
        "missing": missing[:_MISSING_SHOWN],
        "more": max(0, len(missing) - _MISSING_SHOWN),
        "left_out": f"{count(len(missing), 'picture')} left out:",
    }


def _spectrum(story: EigenStory) -> dict[str, Any]:
    return {
        "plot": data_uri(spectrum_plot(story.shares, story.enough)),
        "enough": story.enough,
        "all": len(story.shares),
        "first": f"{100 * story.shares[0]:.0f}",
    }


def _fewer(largest: int) -> str:
    """Say what stands in the place of reconstructions that a set is too small for."""
    if largest >= max(KEPT):
        return ""
    asked = ", ".join(map(str, KEPT))
    return (
        f"This set has {count(largest, 'component')}, one less than it has different faces: "
        f"k = {largest} stands where more were asked for ({asked})."
    )


def _rebuilt(faces: Faces, one: Rebuilt) -> dict[str, Any]:
    face = faces.faces[one.number]
    return {
        "title": face.title,
        "face": data_uri(face.ready),
        "pictures": [
            (kept, data_uri(picture), f"{one.errors[kept]:.1f}")
            for kept, picture in one.pictures.items()
        ],
    }


def _near(faces: Faces, story: EigenStory) -> list[dict[str, Any]]:
    rows = []
    for one in story.near:
        face = faces.faces[one.number]
        others = []
        for number, distance in zip(one.others, one.distances, strict=True):
            other = faces.faces[number]
            same = None if face.person is None else other.person == face.person
            others.append(
                {
                    "title": other.title,
                    "face": data_uri(other.aligned),
                    "distance": f"{distance:.0f}",
                    "same": same,
                }
            )
        rows.append({"title": face.title, "face": data_uri(face.aligned), "others": others})
    return rows


def _layers(faces: Faces, probe: LayerProbe) -> dict[str, Any]:
    answers = probe.answers()
    before = [face for face in faces.faces if probe.shown and face.path == probe.shown[0][0]]
    frontal = probe.shown[1].image if probe.shown else None
    plot = layers_plot(answers)
    return {
        "before": [(data_uri(face.aligned), face.title) for face in before],
        "frontal": None if frontal is None else data_uri(frontal),
        "rows": [_layer(answer) for answer in answers],
        "plot": None if plot is None else data_uri(plot),
    }


def _layer(answer: LayerAnswer) -> dict[str, Any]:
    alike = answer.alike
    return {
        "name": answer.name,
        "shape": " x ".join(map(str, answer.shape)),
        "maps": [data_uri(_levels(one)) for one in answer.maps],
        "ratio": "" if answer.ratio is None else f"{answer.ratio:.2f}",
        "alike": "" if alike is None else f"{alike[0]} of {alike[1]}",
    }


def _levels(values: NDArray[np.float32]) -> ImageU8:
    """Levels of 0 to 255 of values from 0 on."""
    return (values * (255 / max(float(values.max()), 1e-12))).clip(0, 255).astype(np.uint8)
