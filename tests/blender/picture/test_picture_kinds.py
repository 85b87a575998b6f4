"""Each kind of picture: what the preview says of it, what is sent, and whether it is paid for.

    TRELLIS_WRITE_MATRIX=1 python3 scripts/test.py --only blender -k picture_kinds

prints `docs/picture-kinds.md` anew; without the variable it is compared.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy
import numpy as np
from PIL import Image

from emulator import Fault
from tests.blender.drawing import draw
from tests.blender.looks import look
from tests.blender.picture_kinds import KINDS, LOSSY, Kind
from tests.blender.pictures import placed, sent
from tests.blender.working import OPS, SMALL, newest_job, refusal, tick_until
from tests.never_lost import matrix

if TYPE_CHECKING:
    from emulator import Emulator

PAGE = Path(matrix.PAGE).with_name("picture-kinds.md")
TABLE = "kinds"
HEADER = ("Kind", "The preview says", "Sent", "Paid")
WORDS = {
    "no_alpha": "background removed there",
    "touches_border": "touches the border",
    "tiny": "tiny",
    "small": "small",
}


def choose(chosen: Any) -> None:
    """Choose it in the panel."""
    scene: Any = bpy.context.scene
    if isinstance(chosen, Path):
        scene.trellis2.source, scene.trellis2.filepath = "FILE", str(chosen)
    elif isinstance(chosen, str):
        scene.trellis2.source = chosen
    else:
        scene.trellis2.source, scene.trellis2.image = "IMAGE", chosen


def generate(chosen: Any) -> str:
    """Press Generate as the panel does, and return what is reported."""
    if isinstance(chosen, Path):
        return refusal(lambda: OPS.trellis2.generate_image(filepath=str(chosen), **SMALL))
    operator = OPS.trellis2.generate_render if isinstance(chosen, str) else OPS.trellis2.generate_open_image
    return refusal(lambda: operator(**SMALL))


def send_opaque(addon: Any) -> str:
    """Press the button that the panel offers, and return what is reported."""
    assert "trellis2.send_opaque" in draw(addon.panels.TRELLIS2_PT_generate).operator_ids
    scene: Any = bpy.context.scene
    return refusal(lambda: OPS.trellis2.generate_image(filepath=scene.trellis2.filepath, opaque=True, **SMALL))


def first_sentence(text: str) -> str:
    return text.partition(". ")[0].rstrip(".")


def seen_of(kind: Kind, folder: Path, connected: Emulator, addon: Any) -> tuple[list[str], str]:
    """The row of the kind, and what is wrong with what was sent, empty where nothing is."""
    folder.mkdir()
    chosen = kind.make(folder)
    choose(chosen)
    shown = look(addon)
    if shown.view is None and not shown.error:  # it takes a while, so it is looked at when asked for
        assert OPS.trellis2.look_again() == {"FINISHED"}
        shown = look(addon)
    paid, says = connected.paid, ", ".join(WORDS[concern] for concern in shown.view.concerns) if shown.view else ""
    says = f"“{first_sentence(shown.error)}”" if shown.error else says or "nothing: all is well"
    said = send_opaque(addon) if kind.is_opaque else generate(chosen)
    if said:
        assert first_sentence(said) == first_sentence(shown.error), "the click does not say what the preview says"
        return [says, "nothing", "no"], "" if connected.paid == paid else "it was paid for"
    tick_until(lambda: connected.paid > paid or newest_job().is_resting)
    tick_until(lambda: newest_job().is_resting or newest_job().is_prepared)
    if connected.paid == paid:
        assert first_sentence(newest_job().message) == first_sentence(shown.error), newest_job().message
        return [says, "nothing", "no"], ""
    data, crop = sent(connected), newest_job().crop
    wrong = "" if kind.is_opaque or data == shown.prepared.data else "what the preview showed is not what was sent"
    with Image.open(io.BytesIO(data)) as picture:
        picture.load()
        told = f"{picture.format} {picture.mode}, {picture.width} × {picture.height}"
        more = {str(name) for name in picture.info if not str(name).startswith(("jfif", "dpi"))} | set(
            picture.getexif()
        )
    wrong = wrong or (f"it says {more}" if more else "") or difference(kind, data, crop)
    return [says, told, "yes"], wrong


def difference(kind: Kind, data: bytes, crop: Any) -> str:
    """How what was sent differs from how the kind should look, empty where it does not."""
    if kind.shown is None:
        return ""
    height, width, channels = kind.shown.shape
    if crop[4:] != (width, height):
        return f"it is {crop[4:]}, not {(width, height)}"
    whole = placed(data, crop)
    expected = np.full((height, width, 4), 255)
    expected[..., :channels] = kind.shown
    is_seen = expected[..., 3] > 0
    off = abs(whole - expected)[is_seen]
    is_off = off.mean() > LOSSY if kind.tolerance == LOSSY else off.max() > kind.tolerance
    if is_off:
        return f"its colours are off by {off.max()}, {off.mean():.1f} on average"
    return "" if whole[..., 3][~is_seen].max(initial=0) == 0 else "something is seen where nothing should be"


def test_every_kind_is_sent_in_one_form_as_the_preview_shows_it_or_refused_unpaid(
    tmp_path: Path, connected: Emulator, addon: Any
) -> None:
    connected.fault("submit", Fault(job="never_ends"), times=None)  # no model is looked at here
    rows: dict[str, list[str]] = {}
    wrong: dict[str, str] = {}
    for number, kind in enumerate(KINDS):
        rows[kind.name], problem = seen_of(kind, tmp_path / str(number), connected, addon)
        if problem:
            wrong[kind.name] = problem
    assert not wrong, "\n".join(f"{name}: {problem}" for name, problem in wrong.items())
    if matrix.WRITES:  # another Blender's own rows stay
        rows |= {name: cells for name, cells in matrix.read(TABLE, PAGE).items() if name not in rows}
    assert matrix.compare(TABLE, HEADER, rows, PAGE) == []
    assert len(rows) > 60
