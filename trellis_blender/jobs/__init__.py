# SPDX-License-Identifier: GPL-3.0-or-later
"""The main thread's side of the jobs: started, shown, imported."""
