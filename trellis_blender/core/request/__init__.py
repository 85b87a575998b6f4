# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of the service, and by whom: account, parameters, presets."""
