"""How long a test waits for what comes at once on a quiet machine, before it fails."""

PATIENCE = 60.0
"""Seconds: many times what anything takes with every processor busy. Less than pytest's `faulthandler_timeout`."""
