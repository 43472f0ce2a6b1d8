"""What uvicorn loads: the application, configured by the environment."""

from app.settings import load_settings
from app.web.application import create_app
from app.web.collector import relax_collector

app = create_app(load_settings())
relax_collector()
