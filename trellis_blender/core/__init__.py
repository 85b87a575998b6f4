# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that works without Blender. Nothing here imports `bpy`.

- `errors.py` names what can go wrong, and the sentence the artist reads.
- `files.py` writes a file whole or not at all.
- `text.py` makes text and numbers from outside plain.
- `stored.py` turns dataclasses into what our JSON files hold, and back.
- `places.py` says where the add-on keeps what outlives it, and where earlier versions kept jobs.
- `picture/` turns a picture into the file that is sent.
- `request/` says what is requested: account, model, parameters, presets.
- `model/` reads a GLB into arrays.
- `align/` finds where a model stands in its picture.
- `scenario/` speaks to Scenario over HTTP.
- `job/` describes a job: its events, its states, its folder.
- `runner/` drives the jobs on its own threads.
- `batch/` drives a folder of pictures together with other processes.
- `generation.py` makes one model, for a Python program.

What a Python program needs can be imported from here; each name imports its own module when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .errors import Text

if TYPE_CHECKING:
    from .batch.batch import Batch
    from .batch.order import Order
    from .errors import TrellisError
    from .generation import Generation
    from .model.arrays import Model, Shape
    from .model.read import read_model
    from .picture.pillow import prepare_file
    from .request.account import Account

__all__ = ["Account", "Batch", "Generation", "Model", "Order", "Shape", "TrellisError", "prepare_file", "read_model"]
_MODULES = {
    "Account": "request.account",
    "Batch": "batch.batch",
    "Generation": "generation",
    "Model": "model.arrays",
    "Order": "batch.order",
    "Shape": "model.arrays",
    "TrellisError": "errors",
    "prepare_file": "picture.pillow",
    "read_model": "model.read",
}


def __getattr__(name: str) -> Any:
    """Return what a Python program imports from here. Raises AttributeError."""
    if name not in _MODULES:
        raise AttributeError(Text("{name} has no {library}", name=__name__, library=name))
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
