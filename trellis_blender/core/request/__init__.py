# SPDX-License-Identifier: GPL-3.0-or-later
"""What is requested of a service, and for whom."""
