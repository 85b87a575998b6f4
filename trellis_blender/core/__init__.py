# SPDX-License-Identifier: GPL-3.0-or-later
"""Everything that works without Blender. Nothing here imports `bpy`.

- `errors.py` names what can go wrong, and the sentence the artist reads.
- `files.py` writes a file whole or not at all.
- `places.py` says where the add-on keeps what outlives it, and where earlier versions kept jobs.
- `picture/` turns a picture into the file that is sent.
- `request/` says what is requested: account, model, parameters, presets.
- `model/` reads a GLB into arrays.
- `scenario/` speaks to Scenario over HTTP.
- `job/` describes a job: its events, its states, its folder.
- `runner/` drives the jobs on its own threads.
"""
