"""The application that uvicorn, gunicorn and App Engine start: `main:app`."""

import gc
import sys

gc.disable()  # what is made at the start stays: looking for garbage in it takes a fifth of it
try:
    from kaira_fastapi_poetry.app import create_app
    from kaira_fastapi_poetry.settings import SettingsError
    from kaira_fastapi_poetry.site.bundle import BundleError

    app = create_app()
    gc.freeze()
except (SettingsError, BundleError) as error:
    sys.exit(f"kaira: {error}")
finally:
    gc.enable()
