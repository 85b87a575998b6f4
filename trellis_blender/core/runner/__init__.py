# SPDX-License-Identifier: GPL-3.0-or-later
"""The runner drives all jobs on its own threads. Each step is on disk before the next one begins."""
