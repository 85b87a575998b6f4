# SPDX-License-Identifier: GPL-3.0-or-later
"""A Blender in the background, for work that must not stop this one or may not harm it.

    main thread                          worker, or a thread of this module        background Blender
    -----------                          ----------------------------------        ------------------
    launch = start.launch(PROGRAM, …)
    background = Background(launch)  ->   background.ask("name", {…}, seconds=…)
                                           one JSON line to its stdin          ->   serve.py calls HANDLERS["name"]
                                           progress(0.5)                       <-   work.progress(0.5)
                                           the result, or the error as raised  <-   returns a dict, or raises
    background.stop()

`start` asks this Blender how to start another one, so it runs on the main thread. `process` speaks to the other one and
knows no Blender. `serve` and the programs (`preview`, `render`) run in the other one, and nothing imports them here.
A client (`preview_client`, `render_client`) says what its program is asked and what its answers mean.

To add a program: write `thing.py` with functions `(request, work) -> dict` and a table HANDLERS, and `thing_client.py`
that calls `ask`. Large data goes through files that the request names.
"""
