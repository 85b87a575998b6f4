# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner drives all jobs on its own threads. Each step is on disk before the next one begins.

- `runner.py` owns the jobs and decides what happens next.
- `pending_pictures.py` writes a job's picture before the job begins.
- `job_store.py` keeps the jobs, on disk and in memory.
- `entries.py` holds what is remembered about each, and which of them is due when.
- `workers.py` holds the threads that wait for network and disk.
- `steps.py` does the work of each step.
- `outcomes.py` applies the result of a step, and decides what a failed one means.
- `polling.py` asks Scenario about all running jobs together.
- `questions.py` answers requests that are no step: price, connection, reading a model.
- `timing.py` holds the clock and every interval.
- `messages.py` defines what the runner tells the main thread.
"""
