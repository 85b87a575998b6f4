# SPDX-License-Identifier: GPL-3.0-or-later
"""How the live service answers and what its models are like, where that is not known for sure: one setting per point.

`docs/emulator.md` says what is known from where. A default is the harder branch: whoever copes with that copes with the
other one too.
"""

from dataclasses import dataclass
from typing import Literal

from .model.flaws import Flaw, check_flaws
from .model.order import TextureFormat


@dataclass(frozen=True)
class Service:
    """The settings. All of them are options of the command line as well.

    Raises:
        ValueError: the flaws do not go together.
    """

    cancels: bool = False
    """A job on its way can be canceled, else that is refused."""
    lists_inputs: bool = False
    """The listing of jobs has `metadata.input`. A job asked for alone always has it."""
    imports_at_once: bool = False
    """An upload that is `imported` has its `entityId`, else it follows a moment later."""

    shows_progress: bool = False
    """`progress` goes on with the job, else it stays 0 until the end."""
    names_files: bool = False
    """The address of a file ends with its name, such as `model.glb`."""
    knows_glb: bool = False
    """A GLB is `model/gltf-binary`, else `application/octet-stream`, in its record as at its address."""
    explains_413: bool = False
    """A body that is too large is refused in JSON, else by the HTML of a gateway."""
    largest_upload: int = 4_000_000
    """Bytes of picture that `POST /assets` takes; what is larger goes through `POST /uploads`."""
    job_key: Literal["jobId", "id"] = "jobId"
    """The name under which a job gives its id."""
    job_limit: int | None = None
    """How many jobs of a team may be on their way; a submit above that is refused with 429."""
    replaced_by: str = ""
    """The model that takes the place of this one, which is then marked as deprecated."""
    texture_format: TextureFormat = "webp"
    """Of the textures in a GLB."""
    flaws: frozenset[Flaw] = frozenset()
    """What is wrong with a GLB, as with those of other generators; `ALL_FLAWS` is all that one file can have.

    `BODY_FLAWS` is all that is wrong with the bodies in them.
    """

    def __post_init__(self) -> None:
        check_flaws(self.flaws)
