# SPDX-License-Identifier: GPL-3.0-or-later
"""From any picture to the file that is sent.

- `file.py` describes a picture on its way: as chosen, as prepared, as a file.
- `metadata.py` reads a file's header: its kind, its size, which way is up, whether it is complete.
- `pillow.py` decodes a file, and prepares its picture, without Blender.
- `pixels.py` turns and scales pixels, and converts between linear light and sRGB.
- `prepare.py` decides whether all of a picture is there, and makes it upright, cropped and small enough.
- `encode.py` writes PNGs, and reads what Blender and the viewport hand over.
- `view.py` shows what the model sees of the picture.
- `viewpoint.py` says where a picture was taken from.
- `contact_sheet.py` puts many small pictures on one sheet.
"""
