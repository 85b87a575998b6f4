# SPDX-License-Identifier: GPL-3.0-or-later
"""The main thread's side of the jobs.

`begin` starts jobs from a picture or from an ID at Scenario.
`state` holds all that the add-on remembers while Blender runs.
`session` runs the one timer, waits for jobs in scripts, and is what the panels and operators call.
`apply_messages` hands each message of the runner to the part of the session that needs it.
`progress` decides what to show of running jobs, and when to redraw.
`rows` keeps the rows of the job list.
`placeholders` keeps the placeholders in the file in step with the jobs.
`importing` brings finished models into the scene when Blender is free.
`messages` tells the artist: notices and refusals in the panel, reports in the status bar.
`prices` asks Scenario what a model would cost.
`batch/` drives a batch of pictures, and writes its report.
"""
