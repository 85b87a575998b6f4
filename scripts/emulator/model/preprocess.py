# SPDX-License-Identifier: GPL-3.0-or-later
"""What TRELLIS.2 makes of a picture before it looks at it, step by step as it does it.

After `preprocess_image` in microsoft/TRELLIS.2, `trellis2/pipelines/trellis2_image_to_3d.py`, with the bytes opened by
Pillow as they are. So nothing is forgiven here that is not forgiven there: EXIF does not turn the picture, no colour
profile is applied, transparency in a palette, with grey or as one colour is none, and 16-bit grey becomes white.
"""

import io

import numpy as np
from PIL import Image

_LARGEST_SIDE = 1024
_SUBJECT_ALPHA = 0.8 * 255
"""The subject's box holds what is above this."""


class PictureError(ValueError):
    """TRELLIS.2 would fail on this picture; the message says how."""


def preprocess(picture: bytes) -> Image.Image:
    """Return what TRELLIS.2 sees, square around the subject, at most 1,024 pixels, with what it took as alpha (RGBA).

    The colours are on black already: TRELLIS.2 multiplies them by the alpha.

    Raises:
        PictureError: the picture cannot be read, or has no subject.
    """
    try:
        with Image.open(io.BytesIO(picture)) as opened:
            return _cropped(_with_subject(opened))
    except PictureError:
        raise
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError) as error:
        raise PictureError(f"The picture cannot be processed: {error}") from error


def _with_subject(image: Image.Image) -> Image.Image:
    """Return the picture, shrunk first, with the subject in its alpha: its own or the one it is given."""
    # Mode RGBA alone counts, and an alpha that is 255 everywhere does not.
    has_alpha = image.mode == "RGBA" and not np.all(np.asarray(image)[:, :, 3] == 255)
    scale = min(1, _LARGEST_SIDE / max(image.size))
    if scale < 1:
        # A side that comes to nothing is an error of Pillow's, there as here.
        size = (int(image.width * scale), int(image.height * scale))
        image = image.resize(size, Image.Resampling.LANCZOS)
    return image if has_alpha else _without_background(image.convert("RGB"))


def _without_background(image: Image.Image) -> Image.Image:
    """Stand in for the network that removes the background: all of a picture is its subject.

    Except in a picture of a single colour, which has no subject that any network could find.
    """
    pixels = np.asarray(image)
    is_even = bool(np.all(pixels == pixels[0, 0]))
    image.putalpha(0 if is_even else 255)
    return image


def _cropped(image: Image.Image) -> Image.Image:
    alpha = np.asarray(image)[:, :, 3]
    rows, columns = np.nonzero(alpha > _SUBJECT_ALPHA)
    if not len(rows):
        raise PictureError("The picture has no subject: nothing in it is above 80 % alpha")
    left, right, top, bottom = columns.min(), columns.max(), rows.min(), rows.max()
    # The last row and column fall away, as they do there; a subject of two pixels is nothing then.
    half = max(right - left, bottom - top) // 2
    if half == 0:
        raise PictureError("The picture has no subject: it is a pixel or two")
    middle_x, middle_y = (left + right) / 2, (top + bottom) / 2
    # Beyond the picture's edges there is transparent black.
    seen = np.asarray(image.crop((middle_x - half, middle_y - half, middle_x + half, middle_y + half)))
    colors = seen[:, :, :3] * (seen[:, :, 3:].astype(np.float32) / 255)
    return Image.fromarray(np.concatenate((colors.astype(np.uint8), seen[:, :, 3:]), axis=2))
