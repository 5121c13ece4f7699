"""The page /docs: Swagger UI, served by the service itself, so that it needs no internet."""

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse
from fastapi.staticfiles import StaticFiles

# Looked for at once: what serves may have no right to look later.
files = StaticFiles(packages=[("fastapi_offline", "static")])


def serve_api_docs(app: FastAPI) -> None:
    """`/docs`, and what it loads, below `/docs/`."""

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        root = request.scope["root_path"]
        return get_swagger_ui_html(
            title=app.title,
            openapi_url=f"{root}{app.openapi_url}",
            swagger_js_url=f"{root}/docs/swagger-ui-bundle.js",
            swagger_css_url=f"{root}/docs/swagger-ui.css",
            swagger_favicon_url=f"{root}/docs/favicon.png",
        )

    app.mount("/docs", files)
