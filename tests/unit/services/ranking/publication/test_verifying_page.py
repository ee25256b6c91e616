"""The page that checks a list on the reader's own device."""

import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import httpx
import pytest
from fastapi import FastAPI

from services.ranking import publication
from services.ranking.publication.handlers.pages import verifying_page
from shared.web.pages import Pages
from shared.web.problems import Problems

FOLDER = Path(publication.__file__).with_name("pages")


async def page(language: str) -> httpx.Response:
    """What a browser gets."""
    app = FastAPI()
    app.include_router(verifying_page(Pages("ranking", FOLDER, Problems("ranking", []))))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        return await client.get(f"/verify.html?lang={language}")


@pytest.mark.parametrize("language", ["id", "en"])
async def test_it_is_one_file_that_can_reach_no_server(language: str) -> None:
    """Script and style stand in it and are those that its policy names; it loads nothing.

    The policy also stands in the file, so that it holds for a copy that was kept.
    """
    answer = await page(language)
    assert answer.status_code == 200
    html = answer.text
    policy = answer.headers["Content-Security-Policy"]
    for tag in ('script type="module"', "style"):
        found = re.search(f"<{tag}>(.*?)</{tag.split()[0]}>", html, re.DOTALL)
        assert found
        name = b64encode(sha256(found[1].encode()).digest()).decode()
        assert f"'sha256-{name}'" in policy
    assert policy.startswith("default-src 'none'; ")
    assert "connect-src" not in policy
    kept = policy.removesuffix("; frame-ancestors 'none'").replace("'", "&#39;")
    assert f'http-equiv="Content-Security-Policy" content="{kept}"' in html
    assert not re.search(r'(src|href)="(?!verify\.html")', html)


async def test_it_holds_the_words_of_both_languages() -> None:
    """It is kept and opened elsewhere, where nobody translates it."""
    html = (await page("id")).text
    for text in ("Periksa daftar hasil seleksi", "Check a published list", "Daftar ini benar"):
        assert text in html
