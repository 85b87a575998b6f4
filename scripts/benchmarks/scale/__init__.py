# SPDX-License-Identifier: GPL-3.0-or-later
"""``scripts/bench.py scale``: many jobs at once. `runs.py` measures in processes of its own, `table.py` evaluates."""
