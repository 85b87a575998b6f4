# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a model after it has arrived, step by step, in a background Blender.

    main thread                              a thread of the work                background Blender
    -----------                              --------------------                ------------------
    Finishing.begin("solid", model, …)
      handover.taken: the mesh as arrays ->    step.json, source.npz
                                               waits for its turn
                                               Background.ask("solid", …)   ->   program.py: result.npz
                                               progress                     <-   work.progress(0.5)
    Finishing.step: a tick of the session <-   the arrays of the result
      Step.arrive: a copy stands where the
      model stood, as one undo step

`steps` is the table of all steps. To add one: a row there, and its function in `program.HANDLERS`.
`work` is a step on one model: its folder, which outlives a restart, and its thread.
`queue` holds all works, and puts their results into the scene.
`handover` takes a mesh apart into arrays, and makes one of them.
`solid` is the step Make Solid, `looks` the one that looks at a model's textures.
`transparency` switches a material's transparency.
`blend` hands a model over as a .blend, which `opened` opens in the background Blender.
`exporting`, `printing` and `material_sanity` are steps with a folder of their own.
`program` runs in the background Blender; nothing here imports it.
"""
