"""In development: a bundle that follows its folder."""

from __future__ import annotations

import threading
from pathlib import Path

from kaira_fastapi_poetry.press.press import PressError, press
from kaira_fastapi_poetry.site import bundle
from kaira_fastapi_poetry.site.bundle import Bundle, BundleError


class LiveBundle:
    """The bundle of a folder as it is at this moment. Safe to use from several threads."""

    def __init__(self, site_dir: Path, directory: Path) -> None:
        """`directory`: where the bundle is written, see `bundle.bundle_dir`."""
        self._site_dir = site_dir
        self._directory = directory
        self._lock = threading.Lock()
        self._signature = ""
        self._found: Bundle | PressError = PressError("not pressed yet")

    def current(self) -> Bundle:
        """The bundle, pressed again first if the folder has changed.

        To look at 200 files for changes takes a few milliseconds, so every call looks.

        Raises PressError as long as the folder cannot be pressed.
        """
        with self._lock:
            try:
                signature = bundle.signature(self._site_dir)
            except BundleError as error:
                raise PressError(str(error)) from None
            if signature != self._signature:
                self._found = self._press()
                self._signature = signature
            if isinstance(self._found, PressError):
                raise self._found
            return self._found

    # Private

    def _press(self) -> Bundle | PressError:
        try:
            press(self._site_dir, self._directory)
            return bundle.load(self._directory)
        except PressError as error:
            return error
        except BundleError as error:
            return PressError(str(error))
