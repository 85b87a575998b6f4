# SPDX-License-Identifier: GPL-3.0-or-later
"""The command line: the same program as `trellis2` without Blender and as `blender --command trellis2`.

- `parser.py` holds every command and option, with its help; the defaults are the panel's.
- `program.py` runs a command, says what went wrong in one sentence, and returns the exit status.
- `home.py` is what the program needs of where it runs: the account, the jobs' folder, what decodes a picture.
- `in_blender.py` is the same in Blender.
- `generate.py` makes models: the pictures, what it costs, the question, the batch, Ctrl+C.
- `listing.py` shows jobs and batches. `single.py` has the commands for one job.
- `display.py` shows the progress: bars, lines, or JSON.
- `blend_client.py` has a background Blender save .blend files and thumbnails. `blend.py` is its program there.

Only `in_blender.py` and `blend.py` import Blender, and nothing else imports them.
"""
