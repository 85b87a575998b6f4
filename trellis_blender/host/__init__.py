# SPDX-License-Identifier: GPL-3.0-or-later
"""What any extension needs from Blender, with nothing of Trellis in it.

`version.py` reads the add-on's version from its manifest.
`at_need.py` imports a module when it is first used.
`busy.py` tells whether Blender can be changed now.
`window.py` gives an operator a key, shows messages in the status bar, and redraws what shows our jobs.
`shown.py` saves an image as an editor shows it, and hears what Blender prints meanwhile.
`painted.py` hands over pixels that no file has.
`viewpoint.py` notes where a picture is taken from.
`gltf.py` calls Blender's own glTF importer.
`translation/` puts our texts into the artist's language.
`background/` starts, asks and stops a background Blender.
"""
