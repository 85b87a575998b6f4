# SPDX-License-Identifier: GPL-3.0-or-later
"""A background Blender, for work that would freeze this Blender or could crash it.

    main thread                          worker, or a thread of this module        background Blender
    -----------                          ----------------------------------        ------------------
    launch = start.launch(PROGRAM, …)
    background = Background(launch)  ->   background.ask("name", {…}, seconds=…)
                                           one JSON line to its stdin          ->   serve.py calls HANDLERS["name"]
                                           progress(0.5)                       <-   progress(0.5)
                                           the result, or the error as raised  <-   returns a dict, or raises
    background.stop()

`start.py` finds out how to start a background Blender. It asks this Blender, so it runs on the main thread.
`process.py` starts the background Blender, asks it, receives its answers and stops it. It imports no `bpy`.
`memory.py` limits the memory of the background Blender, and ties it to this process on Windows.
`serve.py` runs in the background Blender and serves the requests.
`preview.py` is a program there: it prepares pictures and makes thumbnails. `preview_client.py` asks it.
`render.py` is a program there: it renders the camera's view. `picture/camera.py` asks it.
`model.py` is a program there: it imports models and saves textures as PNG. `model_client.py` asks it.
Nothing here imports `serve.py` or the programs.

To add a program: write `thing.py` with functions `(request, progress) -> dict` and a table HANDLERS, and
`thing_client.py` that calls `ask`. Large data goes through files that the request names.
"""
