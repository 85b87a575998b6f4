# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a model that has arrived: measured, judged, and in words.

The limits were found on models of several generators: those that were sound, and the same ones with faults put in.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from ...errors import Text
from ...stored import restored

FLIPPED_MOST = 0.0002  # of all faces; sound models have none
HOLE_PERIMETER = 0.03  # of the model's size: TRELLIS.2's own exporter closes smaller ones
FLATNESS_LEAST, FACING_MOST = 0.13, 0.4  # sound bodies have 0.16 to 0.7, and 0.1 to 0.24
HIDDEN_MOST = 0.01  # of all faces, below which a hidden part is no reason to say something is wrong
LARGEST = 1e12  # of any measure
CLEAR_MOST = MIRROR_MOST = 0.01  # of the surface


class Fault(Enum):
    """Something that is wrong with a model, in the artist's words."""

    HIDDEN = "Hidden shell"
    LOOSE = "Loose bits"
    HOLES = "Holes"
    FLIPPED = "Flipped faces"
    FLAT = "Flat body"
    CLEAR = "Unused alpha"
    MIRROR = "Mirror spots"
    TEXTURE = "Small textures"


@dataclass(frozen=True)
class Findings:
    """The measures of a model.

    `hidden_…`: parts inside other parts. `loose_…`: parts that are each below a thousandth of the surface.
    `holes`: openings; `largest_hole`: the longest perimeter, as a part of the model's largest dimension.
    `flipped_faces`: faces that are inside out. `flatness`: the least extent by the largest one, along the main axes.
    `facing`: the part of the surface that faces along the thinnest axis.
    Of the textures, None until they were looked at or if there are none: `clear` and `mirror`, the parts of the surface
    whose base colour is transparent, and which have no roughness and are all metal; `black_mirror`, the part of those
    that is black, too. `texture`: pixels along the side of the largest texture.
    """

    faces: int
    parts: int
    hidden_parts: int = 0
    hidden_faces: int = 0
    loose_parts: int = 0
    loose_faces: int = 0
    holes: int = 0
    largest_hole: float = 0.0
    flipped_faces: int = 0
    flatness: float = 1.0
    facing: float = 0.0
    clear: float | None = None
    mirror: float | None = None
    black_mirror: float | None = None
    texture: int | None = None

    def faults(self, asked_texture: float = 0.0) -> list[Fault]:
        """Return what is wrong. `asked_texture`: the pixels that were asked for, 0: nobody knows."""
        wrong = {
            Fault.HIDDEN: self.hidden_faces > HIDDEN_MOST * self.faces,
            Fault.LOOSE: self.loose_parts > 0,
            Fault.HOLES: self.largest_hole > HOLE_PERIMETER,
            Fault.FLIPPED: self.flipped_faces > FLIPPED_MOST * self.faces,
            Fault.FLAT: self.flatness < FLATNESS_LEAST and self.facing > FACING_MOST,
            Fault.CLEAR: (self.clear or 0.0) > CLEAR_MOST,
            Fault.MIRROR: (self.mirror or 0.0) > MIRROR_MOST,
            Fault.TEXTURE: self.texture is not None and self.texture < asked_texture,
        }
        return [fault for fault, is_so in wrong.items() if is_so]


MENDED = (Fault.HIDDEN, Fault.LOOSE, Fault.HOLES, Fault.FLIPPED)
"""What Make Solid mends."""
CHANGED: Mapping[Fault, str] = {Fault.FLAT: "FLAT", Fault.MIRROR: "SPOTS"}
"""The complaint (see `core/request/presets.py`) whose other model may not have the fault."""


def from_json(data: Any) -> Findings | None:
    """Return the findings that `dataclasses.asdict` took apart; names that are not known here are left out.

    Raises KeyError, TypeError or ValueError if something does not fit.
    """
    if data is None:
        return None
    found = restored(Findings, data)
    if found.faces < 1 or not all(0 <= value <= LARGEST for value in dataclasses.astuple(found) if value is not None):
        raise ValueError("a measure is out of all bounds")
    return found


def numbers(found: Findings, asked_texture: float = 0.0) -> list[str]:
    """Return all that is known in lines with numbers. `asked_texture`: as for `Findings.faults`."""
    counts = {name: f"{value:,}" for name, value in dataclasses.asdict(found).items() if isinstance(value, int)}
    hidden, flipped = _percent(found.hidden_faces / found.faces), _percent(found.flipped_faces / found.faces)
    around, clear, mirror = _percent(found.largest_hole), _percent(found.clear or 0), _percent(found.mirror or 0)
    pixels, asked = f"{found.texture or 0:,}", f"{asked_texture:,.0f}"
    lines: list[tuple[bool, str]] = [
        (True, Text("Faces: {faces} · Parts: {parts}", **counts)),
        (
            found.hidden_parts > 0,
            Text("Parts hidden inside: {hidden_parts}, with {hidden_faces} faces ({share})", **counts, share=hidden),
        ),
        (found.loose_parts > 0, Text("Loose bits: {loose_parts}, with {loose_faces} faces", **counts)),
        (
            found.holes > 0,
            Text("Holes: {holes}; the largest is {around} of the size around", **counts, around=around),
        ),
        (found.flipped_faces > 0, Text("Inside out: {flipped_faces} faces ({percent})", **counts, percent=flipped)),
        (True, Text("Least to largest extent: {flatness}", flatness=f"{found.flatness:.2f}")),
        (found.clear is not None, Text("Transparent in the base color: {percent} of the surface", percent=clear)),
        (found.mirror is not None, Text("Without roughness and all metal: {percent} of the surface", percent=mirror)),
        (
            found.mirror is not None and bool(found.black_mirror),
            Text("Black as well: {percent} of the surface", percent=_percent(found.black_mirror or 0)),
        ),
        (
            found.texture is not None,
            Text("Textures: {pixels} pixels; asked: {asked}", pixels=pixels, asked=asked)
            if asked_texture
            else Text("Textures: {pixels} pixels", pixels=pixels),
        ),
    ]
    return [line for is_known, line in lines if is_known]


def _percent(share: float) -> str:
    """Return a share in percent, with as many digits as tell something: 0.02 %, 41 %."""
    return f"{100 * share:.2g} %" if share < 0.995 else "100 %"
