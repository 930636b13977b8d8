"""Names on pictures."""

import numpy as np
import pytest
from cvfast.faces.drawing import draw_names


@pytest.mark.parametrize("x", [-70, 270])
def test_the_name_of_a_face_that_is_cut_off_stays_in_the_picture(x: float) -> None:
    blank = np.full((200, 300, 3), 128, np.uint8)
    box = np.array([[x, 60, x + 100, 160]], np.float32)
    inside = np.array([[100, 60, 200, 160]], np.float32)
    light = [
        int((draw_names(blank, boxes, ["obama"], [True])[..., 0] > 160).sum())
        for boxes in (box, inside)
    ]
    assert light[0] == pytest.approx(light[1], rel=0.25)
    assert light[1] > 20
