# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``scripts/bench.py`` measures. Each ``_runs`` is a process that measures; each ``_table`` judges and prints.

`import_runs`, `import_table`: bringing a model into the scene.
`click_runs`: taking a picture at a click.
`startup_runs`, `startup_table`: enabling the add-on, until the first click.
`finish_runs`, `finish_table`: the check of a model, and Make Solid.
`texture_runs`, `texture_table`: the first display of a model's textures, in a window.
`scale`: many jobs at once.
"""
