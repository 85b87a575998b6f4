# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives the jobs on threads of its own, each step on disk before the next."""
