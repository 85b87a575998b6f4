# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates and durations as Blender writes them: its file browser's dates, its render's minutes and seconds."""

from __future__ import annotations

import time

_DAY = 24 * 3600


def duration(seconds: float) -> str:
    """Minutes and seconds as `1:05`, with hours from one hour on as `1:01:05`."""
    minutes, rest = divmod(round(max(0.0, seconds)), 60)
    if minutes < 60:
        return f"{minutes}:{rest:02d}"
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def date(moment: float, now: float) -> str:
    """A moment's day and time, both in seconds since 1970: `22 Nov 2026 10:45`, or `Today 10:45`, `Yesterday 10:45`."""
    local = time.localtime(moment)
    clock, day = time.strftime("%H:%M", local), local[:3]
    if day == time.localtime(now)[:3]:
        return f"Today {clock}"
    if day == time.localtime(now - _DAY)[:3]:
        return f"Yesterday {clock}"
    return time.strftime("%d %b %Y %H:%M", local)
