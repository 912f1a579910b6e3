"""The application that uvicorn, gunicorn and App Engine start: `main:app`."""

import gc
import sys

gc.disable()  # imports make no garbage, and looking for it takes a tenth of the start
try:
    from kaira_fastapi_poetry.app import create_app
    from kaira_fastapi_poetry.settings import SettingsError
    from kaira_fastapi_poetry.site.bundle import BundleError
finally:
    gc.enable()

try:
    app = create_app()
except (SettingsError, BundleError) as error:
    sys.exit(f"kaira: {error}")
