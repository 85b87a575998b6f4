# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the picture comes from. The outcome is always a `ChosenPicture`: data, of which any thread makes what is sent.
The artist's things stay as they are.

One module a source; the table of all is in `sources`.
"""
