# SPDX-License-Identifier: GPL-3.0-or-later
"""What is requested of a service, and for whom.

- `account.py` says who pays and where: key, secret, project, address.
- `key_file.py` keeps key and secret in a file that only their owner may read.
- `parameters.py` holds the one table of Trellis 2's parameters.
- `presets.py` sets all parameters at once.
- `models.py` lists the hosted models, one record each.
- `service.py` defines the calls that every service offers.
"""
