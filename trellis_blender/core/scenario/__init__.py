# SPDX-License-Identifier: GPL-3.0-or-later
"""Scenario's service over HTTP.

- `surroundings.py` reads what this computer says about the network: proxies, certificates, safe addresses.
- `connection.py` opens sessions whose calls have a deadline, and which another thread can cut.
- `http.py` makes one call, and turns an answer into JSON or an error.
- `download.py` downloads the model to the disk, and continues a broken download.
- `api.py` offers the calls that one generation needs.
"""
