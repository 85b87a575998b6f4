# SPDX-License-Identifier: GPL-3.0-or-later
"""Many pictures in one folder: as many processes and machines as you like drive them, and each is paid for once.

- `batch.py` is what others use: create, open, run, state.
- `order.py` says what is ordered, and what becomes of it.
"""
