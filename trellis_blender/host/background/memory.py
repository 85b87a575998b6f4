# SPDX-License-Identifier: GPL-3.0-or-later
"""Limit the memory of a background Blender, and on Windows end it with the Blender that started it.

Linux limits the address space; an allocation beyond the limit fails. macOS accepts that limit and ignores it, so the
process checks its own size. Windows has job objects. We could test only the Linux part.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
import time
from typing import Any

TIMER_SECONDS = 0.25
OUT_OF_MEMORY = 12  # the exit status of a process that exceeded its maximum


def limit_this_process(maximum: int) -> None:
    """Limit this process to `maximum` bytes, 0: no limit. Does nothing on Windows."""
    if sys.platform == "win32" or not maximum:
        return
    import resource

    with contextlib.suppress(OSError, ValueError):  # a lower limit is already in force
        resource.setrlimit(resource.RLIMIT_AS, (maximum, maximum))
    if sys.platform == "darwin":
        threading.Thread(target=_watch, args=(maximum,), daemon=True).start()


def _watch(maximum: int) -> None:
    """End this process once it has grown larger than `maximum` bytes."""
    import resource

    while resource.getrusage(resource.RUSAGE_SELF).ru_maxrss <= maximum:  # bytes on macOS
        time.sleep(TIMER_SECONDS)
    os._exit(OUT_OF_MEMORY)


def bind_to_this_process(handle: Any, maximum: int) -> Any:
    """On Windows, end the process with this handle when ours ends, and limit it to `maximum` bytes, 0: no limit.

    Return a job object to keep as long as the process runs. Return None on other systems, or if Windows refuses; the
    process then ends when its pipe closes.
    """
    if sys.platform == "win32":
        import ctypes
        from ctypes import wintypes

        kill_on_close, limit_process_memory, extended_limits = 0x2000, 0x0100, 9  # winnt.h
        kernel: Any = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateJobObjectW.restype = wintypes.HANDLE
        kernel.CreateJobObjectW.argtypes = (wintypes.LPVOID, wintypes.LPCWSTR)
        kernel.SetInformationJobObject.argtypes = (wintypes.HANDLE, ctypes.c_int, wintypes.LPVOID, wintypes.DWORD)
        kernel.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
        kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
        job = kernel.CreateJobObjectW(None, None)
        limits = (ctypes.c_uint64 * 18)()  # JOBOBJECT_EXTENDED_LIMIT_INFORMATION, of which we set two members:
        limits[2] = kill_on_close | (limit_process_memory if maximum else 0)  # LimitFlags
        limits[14] = maximum  # ProcessMemoryLimit, after the basic limits and the IO_COUNTERS
        size = ctypes.sizeof(limits)
        is_set = job and kernel.SetInformationJobObject(job, extended_limits, ctypes.byref(limits), size)
        if not (is_set and kernel.AssignProcessToJobObject(job, wintypes.HANDLE(int(handle)))):
            if job:
                kernel.CloseHandle(job)
            return None
        return job
    return None


def let_go(job: Any) -> None:
    """Close the job object that `bind_to_this_process` returned."""
    if sys.platform == "win32" and job is not None:
        import ctypes
        from ctypes import wintypes

        ctypes.WinDLL("kernel32").CloseHandle(wintypes.HANDLE(job))
