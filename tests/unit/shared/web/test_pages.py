"""Pages, words, assets and problems that come from several folders."""

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Mount

from shared.web.pages import Assets, Pages
from shared.web.problems import Problems


def folder(
    path: Path, template: str = "", word: str = "", assets: tuple[str, ...] = ("x.css",)
) -> Path:
    """A folder of pages with a template, a word and assets."""
    (path / "assets").mkdir(parents=True)
    if template:
        (path / template).write_text(f'{path.name}: {{{{ words["{word}"] }}}}', "utf-8")
    if word:
        (path / "words.toml").write_text(f'[id]\n{word} = "kata"\n[en]\n{word} = "word"\n', "utf-8")
    for name in assets:
        (path / "assets" / name).write_text(path.name, "utf-8")
    return path


def request(query: str) -> Request:
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "server": ("x", 80)}
    return Request({**scope, "query_string": query.encode()})


def test_templates_and_words_of_all_folders(tmp_path: Path) -> None:
    """A template is found in any folder and sees the words of all, in the reader's language."""
    merit = folder(tmp_path / "merit", "merit.html", "key")
    seats = folder(tmp_path / "seats", "seats.html", "seat", ())
    plain = tmp_path / "plain"
    plain.mkdir()
    pages = Pages("ranking", [merit, seats, plain], Problems("ranking", []))
    assert pages.render(request("lang=en"), "merit.html").body == b"merit: word"
    assert pages.render(request(""), "seats.html").body == b"seats: kata"
    words = pages.words(request(""))
    assert words["key"] == words["seat"] == "kata"
    assert words["back"] == "Kembali"


@pytest.mark.parametrize(
    ("template", "word", "fault"),
    [
        ("a.html", "other", "template defined twice: a.html"),
        ("layout.html", "other", "template defined twice: layout.html"),
        ("b.html", "key", "word defined twice: key"),
        ("b.html", "back", "word defined twice: back"),
    ],
)
def test_what_is_defined_twice_is_an_error(
    tmp_path: Path, template: str, word: str, fault: str
) -> None:
    """Two folders, or a folder and the layout, never define one template or word."""
    folders = [folder(tmp_path / "a", "a.html", "key"), folder(tmp_path / "b", template, word)]
    with pytest.raises(ValueError, match=fault):
        Pages("ranking", folders, Problems("ranking", []))


async def test_assets_of_all_folders(tmp_path: Path) -> None:
    """The assets of all folders stand under one address; one name in two folders is an error."""
    a = folder(tmp_path / "a", assets=("a.css",)) / "assets"
    b = folder(tmp_path / "b", assets=("b.css",)) / "assets"
    app = Starlette(routes=[Mount("/assets", Assets([a, b, tmp_path / "none"]))])
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://x") as client:
        assert (await client.get("/assets/a.css")).text == "a"
        assert (await client.get("/assets/b.css")).text == "b"
        assert (await client.get("/assets/c.css")).status_code == 404
    with pytest.raises(ValueError, match=r"asset defined twice: a\.css"):
        Assets([a, a])


def test_a_problem_defined_twice_is_an_error(tmp_path: Path) -> None:
    """Two files of problems never define one code."""
    path = tmp_path / "problems.toml"
    sentence = '{ title = "a", detail = "b" }'
    path.write_text(f"[not-found]\nstatus = 404\nid = {sentence}\nen = {sentence}\n", "utf-8")
    with pytest.raises(ValueError, match="problem defined twice: not-found"):
        Problems("ranking", [path])
