"""The module that a server imports: `uv run fastapi dev` serves `app`."""

from app.api import create_app
from app.settings import read_settings

app = create_app(read_settings())
