# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a model after it has arrived, step by step, in a background Blender.

    main thread                              a thread of the work                background Blender
    -----------                              --------------------                ------------------
    Finishing.begin("solid", model, …)
      handover.take_mesh, as arrays      ->    step.json, source.npz
                                               waits for its turn
                                               Background.ask("solid", …)   ->   program.py: result.npz
                                               progress                     <-   progress(0.5)
    Finishing.step: a tick of the session <-   the arrays of the result
      Step.arrive: a copy stands where the
      model stood, as one undo step

`steps` is the table of all steps. To add one: a row there, and its function in `program.HANDLERS`.
`work` is a step on one model: its folder, which outlives a restart, and its thread.
`queue` holds all works, and puts their results into the scene.
`handover` hands a model over to the background Blender, and puts a copy where it stands.
`mesh_arrays` takes a mesh apart into arrays, and fills one with them; `nodes` finds and makes nodes in materials:
these two serve both Blenders.
`program` runs in the background Blender, with `background`, `material_sanity`, `printing` and the other steps' own
`program`; nothing else here imports those.
`exporting` and `game_ready` are steps with a folder of their own.
"""
