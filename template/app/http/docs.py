"""The OpenAPI document, and Swagger UI at `/docs`. It works offline: the assets are local."""

from fastapi import FastAPI, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.staticfiles import StaticFiles

# The path is resolved at import: later, the process may not be allowed to read it.
assets = StaticFiles(packages=[("fastapi_offline", "static")])


def add_docs(app: FastAPI) -> None:
    @app.get("/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> JSONResponse:
        document = app.openapi()
        if root := request.scope.get("root_path"):  # FastAPI would keep "/" as another server
            document = document | {"servers": [{"url": root}]}
        return JSONResponse(document)

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> HTMLResponse:
        root = request.scope.get("root_path", "")
        return get_swagger_ui_html(
            title=app.title,
            openapi_url=f"{root}/openapi.json",
            swagger_js_url=f"{root}/docs/swagger-ui-bundle.js",
            swagger_css_url=f"{root}/docs/swagger-ui.css",
            swagger_favicon_url=f"{root}/docs/favicon.png",
        )

    app.mount("/docs", assets)
