"""How long a test waits, before it fails, for an event that comes at once on an idle machine."""

PATIENCE = 60.0
"""Seconds: many times longer than any event takes on a busy machine. Less than pytest's `faulthandler_timeout`."""
