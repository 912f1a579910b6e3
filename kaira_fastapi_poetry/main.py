"""The application that uvicorn, gunicorn and App Engine start: `main:app`."""

import sys

from kaira_fastapi_poetry.app import create_app
from kaira_fastapi_poetry.settings import SettingsError
from kaira_fastapi_poetry.site.bundle import BundleError

try:
    app = create_app()
except (SettingsError, BundleError) as error:
    sys.exit(f"kaira: {error}")
