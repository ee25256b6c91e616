"""The page that checks lists, kept as a file and opened without any server, on a narrow screen."""

from pathlib import Path

import pytest
from playwright.async_api import Browser, Page

from tests.unit.services.ranking.publication.test_verifying_page import page as served
from tests.verifiers.vectors import FOLDER

LAW = "national-cpns-2024"


async def opened(browser: Browser, folder: Path) -> tuple[Page, list[str]]:
    """The page from a file, 360 pixels wide, and what it fetched since."""
    kept = folder / "terang-verify.html"
    kept.write_bytes((await served("id")).content)
    page = await browser.new_page(viewport={"width": 360, "height": 740})
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(request.url))
    page.on("pageerror", lambda error: fetched.append(str(error)))
    await page.goto(kept.as_uri())
    return page, fetched


async def verdict(page: Page, file: str, law: str, number: str = "") -> str:
    """What it says of a file."""
    await page.set_input_files("#list", FOLDER / file)
    await page.set_input_files("#key", FOLDER / "public.pem")
    await page.select_option("#law", law)
    await page.fill("#number", number)
    await page.click("#check")
    await page.wait_for_selector("#check:enabled")
    return await page.inner_text("#verdict")


async def test_it_checks_files_offline_in_both_languages(browser: Browser, tmp_path: Path) -> None:
    """A genuine list with the own lines, one under rules that nobody named, a lie, a receipt."""
    page, fetched = await opened(browser, tmp_path)
    said = await verdict(page, "list-2.json", LAW, "0001-000002")
    assert said.startswith("Daftar ini benar")
    assert "final: peringkat 1, nilai 77.091, kode L" in said
    assert (await verdict(page, "list-2.json", "")).startswith("Belum tentu benar")
    assert "baris 31 (daftar final, 0001-000004), score" in await verdict(page, "score.json", LAW)
    await page.click("[data-language=en]")
    assert (await page.inner_text("#verdict")).startswith("Something is wrong")
    assert (await verdict(page, "list-2.json", LAW)).startswith("The list is right")
    said = await verdict(page, "receipt-2.json", "")
    assert said.startswith("The receipt is genuine")
    assert "birth_date 1990-01-01" in said
    assert await page.evaluate("document.documentElement.scrollWidth") <= 360
    assert fetched == [page.url]


@pytest.mark.parametrize("file", ["public.pem", "expected.json"])
async def test_what_is_no_list_is_told_so(browser: Browser, tmp_path: Path, file: str) -> None:
    """A wrong file is a fault that is told, never a page that stands still."""
    page, _ = await opened(browser, tmp_path)
    assert "berkas tidak tersusun" in await verdict(page, file, LAW)
