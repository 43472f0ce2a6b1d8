"""The application that uvicorn loads, configured by the environment."""

import sys

from app.db.write_health import shared
from app.settings import SettingsError, load_settings
from app.web.application import create_app
from app.web.collector import relax_collector
from app.web.serving_checks import SERVING_CHECKS

try:
    app = create_app(load_settings(*SERVING_CHECKS), write_health=shared)
except SettingsError as error:
    sys.exit(f"Error: {error}")
relax_collector()
