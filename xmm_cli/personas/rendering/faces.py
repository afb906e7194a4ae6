"""Whether a picture shows a face, by the Haar cascade that comes with OpenCV.

Viola and Jones 2001; frontal faces only. Needs the extra `faces`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from xmm_cli.errors import Unavailable

_CASCADE = "haarcascade_frontalface_default.xml"


def face_detector() -> Callable[[Any], bool]:
    """A function from a `PIL.Image` to whether there is a face. Raises `Unavailable`."""
    try:
        import cv2
        import numpy as np
    except ImportError as error:
        raise Unavailable("OpenCV is not installed", "pip install 'xmm-cli[faces]'") from error
    file = Path(cv2.__file__).parent / "data" / _CASCADE
    if not hasattr(cv2, "CascadeClassifier") or not file.is_file():
        raise Unavailable(
            f"OpenCV {cv2.__version__} has no {_CASCADE}", "pip install 'xmm-cli[faces]'"
        )
    cascade = cv2.CascadeClassifier(str(file))

    def has_face(picture: Any) -> bool:
        found = cascade.detectMultiScale(np.asarray(picture.convert("L")))
        return len(found) > 0

    return has_face
