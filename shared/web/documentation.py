"""The page of an API's documentation, without anything from elsewhere."""

import base64
import hashlib
import re

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def serve_documentation(app: FastAPI, address: str, assets: str) -> None:
    """Serves Swagger UI at `address`; its files are under `assets`."""
    page = get_swagger_ui_html(
        openapi_url=str(app.openapi_url),
        title=app.title,
        swagger_js_url=f"{assets}/swagger-ui-bundle.js",
        swagger_css_url=f"{assets}/swagger-ui.css",
        swagger_favicon_url=f"{assets}/favicon.png",
    )
    html = bytes(page.body).decode()
    policy = _content_policy(html)

    @app.get(address, include_in_schema=False)
    async def documentation() -> HTMLResponse:
        return HTMLResponse(html, headers={"Content-Security-Policy": policy})


def _content_policy(html: str) -> str:
    """Lets run what stands in this page, by its digest; Swagger UI writes styles of its own."""
    digests = (hashlib.sha256(script.encode()).digest() for script in SCRIPT.findall(html))
    scripts = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    return (
        f"default-src 'none'; script-src 'self' {scripts}; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
