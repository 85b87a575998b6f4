# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a picture out of Blender, and leave the artist's scene and images as they are.

Every source returns a `ChosenPicture`: plain data that any thread can prepare for sending.

`sources.py` lists all sources in one table.
`file.py` takes an image file.
`render.py` takes the current render.
`completed_renders.py` counts the renders, and knows their cameras, and which have Blender's stamp burned in.
`image.py` takes an image that is open in Blender.
`viewport.py` takes the viewport.
`camera.py` renders the camera in the background Blender.
`clipboard.py` takes a copied image or image file.
`preview.py` prepares pictures before the click, and makes small pictures and thumbnails.
`icons.py` shows previews and thumbnails as icons.
"""
