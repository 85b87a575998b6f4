# SPDX-License-Identifier: GPL-3.0-or-later
"""A job: what can happen to it, where it is kept, and how the artist hears of it.

- `events.py` lists everything that can happen to a job.
- `job.py` defines the job and the table of its stages.
- `folder.py` keeps a job on disk.
- `record.py` checks what `job.json` says.
- `moving.py` moves jobs from other folders to theirs.
- `claims.py` lets only one process drive a job.
- `lock.py` locks a file for one process.
- `words.py` says where a job stands, what it cost, when and how long.
- `progress.py` computes how far a job is, keeps its bar from going back, and estimates the time left.
- `spending.py` adds up what Scenario charged, by month.
- `clean_up.py` says which jobs can be removed together.
"""
