"""The live standings as a person watches them."""

import pytest
from playwright.async_api import Browser, expect

from deploy.demo.client import Client
from deploy.local.state import StackStatus
from tests.e2e.small_round import SmallRound

pytestmark = pytest.mark.timeout(300)

PAINTED = """
window.painted = [];
new MutationObserver((all) => {
  for (const { target } of all) {
    if (target.matches("tr.moved")) window.painted.push(target.dataset.number);
  }
}).observe(document, { subtree: true, attributeFilter: ["class"] });
"""
"""Notes the participant numbers of rows that are painted as moved."""


async def test_the_page_moves_as_scores_arrive(
    stack: StackStatus, client: Client, browser: Browser
) -> None:
    """Scores recorded while the page is open appear in order, without reloading.

    Only rows that moved are painted, the focus stays where it was, and that something moved is told
    in the end, however soon after the page was opened.
    """
    small = await SmallRound.open(client, "local-jambi", "DINAS SOSIAL PROVINSI JAMBI")
    for name in ("pertama", "kedua"):
        await small.apply(name)
    await small.close_registration()
    sitting = await small.schedule("tes")
    await client.get(f"/ranking/vacancies/{small.vacancy_id}/standings", list="final", waits=True)
    page = await browser.new_page(viewport={"width": 400, "height": 800})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    await page.add_init_script(PAINTED)
    await page.goto(f"{stack.door}/ranking/vacancies/{small.vacancy_id}?list=final&lang=en")
    await page.evaluate("window.stillHere = true")
    await small.score(sitting, "pertama", {"DASAR": "80", "BIDANG": "80"})
    rows = page.locator("tbody tr")
    await expect(rows.filter(has_text=small.numbers["pertama"]).locator("td").first).to_have_text(
        "1", timeout=20_000
    )
    await expect(rows.first).to_contain_text(small.numbers["pertama"])
    assert set(await page.evaluate("painted")) == {small.numbers["pertama"]}
    await page.get_by_role("link", name=small.numbers["pertama"]).focus()
    await small.score(sitting, "kedua", {"DASAR": "90", "BIDANG": "90"})
    await expect(rows.first).to_contain_text(small.numbers["kedua"], timeout=20_000)
    await expect(rows.nth(1)).to_contain_text(small.numbers["pertama"])
    await expect(page.get_by_role("link", name=small.numbers["pertama"])).to_be_focused()
    await expect(page.locator("#live")).to_contain_text("Updated", timeout=20_000)
    assert await page.evaluate("window.stillHere") is True
    assert faults == []


async def test_the_page_is_whole_without_javascript(
    stack: StackStatus, client: Client, browser: Browser
) -> None:
    """Who has no JavaScript sees the same list, in the language of the browser.

    It has a heading, a name for the table and a way to skip to it; the form there leads from a
    participant number to the account of its place.
    """
    small = await SmallRound.open(client, "local-jambi", "DINAS SOSIAL KOTA JAMBI")
    await small.apply("satu")
    await small.close_registration()
    await small.sit("tes", {"satu": {"DASAR": "85", "BIDANG": "70"}})
    await small.close()
    context = await browser.new_context(java_script_enabled=False, locale="id-ID")
    page = await context.new_page()
    await page.goto(f"{stack.door}/ranking/vacancies/{small.vacancy_id}")
    await expect(page.locator("html")).to_have_attribute("lang", "id")
    await expect(page.locator("h1")).to_have_count(1)
    await expect(page.get_by_role("table", name="Urutan menurut nilai")).to_have_count(1)
    await expect(page.locator("a.skip")).to_have_count(1)
    await expect(page.locator("tbody tr").first).to_contain_text(small.numbers["satu"])
    await page.get_by_label("Nomor peserta").fill(small.numbers["satu"])
    await page.get_by_role("button", name="Lihat peringkatnya").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Mengapa peringkat ini?")
    await expect(page.locator("main")).to_contain_text(small.numbers["satu"])
    await context.close()


async def test_seats_are_reached_from_the_list_and_go_on_paper(
    stack: StackStatus, client: Client, browser: Browser
) -> None:
    """The vacancy's page leads to its seats and back; on paper the seats stay, links go."""
    small = await SmallRound.open(client, "local-jambi", "DINAS KESEHATAN")
    await small.apply("satu")
    await small.close_registration()
    await small.sit("tes", {"satu": {"DASAR": "85", "BIDANG": "70"}})
    await small.close()
    page = await browser.new_page(viewport={"width": 400, "height": 800})
    await page.goto(f"{stack.door}/ranking/vacancies/{small.vacancy_id}?lang=en")
    await page.get_by_role("link", name="Seats and their filling").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Seats and their filling")
    seat = page.get_by_role("row", name=small.numbers["satu"])
    await expect(seat).to_contain_text("final list, rank 1")
    await expect(page.get_by_label("seats are taken")).to_have_attribute("value", "1")
    await page.get_by_role("link", name="Bahasa Indonesia").click()
    await expect(page.locator("html")).to_have_attribute("lang", "id")
    await expect(seat).to_contain_text("daftar akhir, peringkat 1")
    await page.emulate_media(media="print")
    await expect(page.get_by_role("link", name="English")).to_be_hidden()
    await expect(seat).to_be_visible()
    await page.emulate_media(media="screen")
    await page.get_by_role("link", name="Ke daftar").click()
    await expect(page.locator("tbody tr").first).to_contain_text(small.numbers["satu"])


async def test_a_vacancy_is_found_from_the_bare_address(
    stack: StackStatus, client: Client, browser: Browser
) -> None:
    """Without JavaScript, on a narrow screen: the bare address leads to a vacancy's list and back.

    It leads to the vacancies of the newest round, others can be chosen, and a search finds one.
    Nothing goes beyond the screen's edge; on paper the search is gone and the vacancies stay.
    """
    small = await SmallRound.open(client, "local-jambi", "DINAS PERHUBUNGAN")
    await client.get(f"/ranking/vacancies/{small.vacancy_id}/standings", waits=True)
    context = await browser.new_context(
        java_script_enabled=False, locale="id-ID", viewport={"width": 360, "height": 740}
    )
    page = await context.new_page()
    await page.goto(stack.door)
    await expect(page).to_have_url(f"{stack.door}/ranking/vacancies.html")
    await expect(page.locator("html")).to_have_attribute("lang", "id")
    await page.goto(f"{stack.door}/ranking?round_id={small.round_id}")
    await page.get_by_label("Cari jabatan, unit atau instansi").fill("perhubungan penata")
    await page.get_by_label("Jenis kebutuhan").select_option("UMUM")
    await page.get_by_role("button", name="Tampilkan").click()
    await expect(page.locator("#count")).to_contain_text("Formasi 1–1 dari 1")
    assert await page.evaluate("document.documentElement.scrollWidth") == 360
    await page.emulate_media(media="print")
    await expect(page.get_by_role("search")).to_be_hidden()
    await expect(page.get_by_role("link", name="PENATA LAYANAN")).to_be_visible()
    await page.emulate_media(media="screen")
    await page.get_by_role("link", name="English").click()
    await expect(page.locator("#count")).to_contain_text("Vacancies 1–1 of 1")
    await page.get_by_role("link", name="PENATA LAYANAN").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("PENATA LAYANAN")
    await page.get_by_role("link", name="All vacancies").click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Vacancies: ")
    await context.close()
