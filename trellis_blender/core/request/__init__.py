# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of a service, and for whom: account, models, parameters, presets, and the calls."""
