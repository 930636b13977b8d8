"""Draws the pictures of docs/parts.md: the steps on the astronaut, and made people.

python docs/draw_parts.py docs/images
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2
import numpy as np
from cvfast.cli.talking import portrait_path
from cvfast.io.image_reader import read_image
from cvfast.io.image_writer import write_image
from cvfast.people.colour_clothes import colour_clothes
from cvfast.people.finding import find_people
from cvfast.people.part_drawing import draw_parts, step_pictures
from cvfast.people.parts import find_parts
from cvfast.synth.people import make_person, random_person
from numpy.typing import NDArray

HEIGHT = 200
PEOPLE = (10050, 10051, 10060, 10063)  # other numbers than those that are measured

Picture = NDArray[np.uint8]


def main() -> None:
    """Draw both sheets."""
    folder = Path(sys.argv[1])
    write_image(folder / "parts-steps.jpg", steps(), overwrite=True)
    write_image(folder / "parts-people.jpg", people(), overwrite=True)


def steps() -> Picture:
    """Photo, pose, each step, and the parts, of the astronaut."""
    photo = read_image(portrait_path()).pixels
    (person,) = find_people(photo, limit=1)
    parts = find_parts(photo, person)
    pictures = [person.pose.draw(photo), *step_pictures(parts).values(), draw_parts(photo, parts)]
    return row(pictures)


def people() -> Picture:
    """Made people, what is found of them by the whole way, and their tops by colour alone."""
    columns = []
    for number in PEOPLE:
        made = make_person(random_person(number), size=(384, 512))
        (person,) = find_people(made.image, limit=1)
        alone = made.image.copy()
        alone[~colour_clothes(made.image, person.pose)] //= 5
        parts = draw_parts(made.image, find_parts(made.image, person))
        columns.append(row([made.image, parts, alone]))
    pairs = [np.hstack(columns[n : n + 2]) for n in (0, 2)]
    return np.vstack(pairs)


def row(pictures: list[Picture]) -> Picture:
    """Pictures side by side at one height."""
    sized = []
    for picture in pictures:
        width = round(picture.shape[1] * HEIGHT / picture.shape[0])
        sized.append(cv2.resize(picture, (width, HEIGHT), interpolation=cv2.INTER_AREA))
    return np.hstack(sized)


if __name__ == "__main__":
    main()
