# SPDX-License-Identifier: GPL-3.0-or-later
"""Many pictures in one folder: as many processes and machines as you like drive them, and each is paid for once.

- `batch.py` is what others use: create, open, run, state.
- `order.py` says what is ordered, and what becomes of it.
- `manifest.py` keeps the order and the pictures in `batch.json`.
- `worker.py` takes pictures and has a runner drive their jobs.
- `batch_store.py` keeps the jobs of one worker, within the limits.
- `shared.py` keeps what all workers share.
- `plan.py` keeps a batch that a window drives, and tells what came of it.
"""
