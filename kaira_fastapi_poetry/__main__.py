"""`python -m kaira_fastapi_poetry`: the `kaira` command where it is not installed (App Engine)."""

import sys

from kaira_fastapi_poetry.cli import main

sys.exit(main())
