# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenario's service: its calls, the connection they travel on, and downloads."""
