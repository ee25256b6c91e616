// Moves the list as results arrive. Without it the page is the same, and is loaded anew every 30
// seconds.
"use strict";
{
  const said = document.currentScript.dataset;
  const byId = (id) => document.getElementById(id);
  const lines = byId("lines");
  const live = byId("live");
  const SPOKEN_EVERY_MS = 10000; // a screen reader is told that the list moved at most so often
  let spoken = 0;
  let unsaid;

  const cell = (kind, text, number) => {
    const made = document.createElement(kind);
    made.textContent = text ?? "–";
    if (number) made.className = "number";
    return made;
  };

  const row = (line, components) => {
    const made = document.createElement("tr");
    made.dataset.number = line.participant_no;
    if (line.code === said.within) made.className = "within";
    const number = cell("th", "");
    number.scope = "row";
    const why = document.createElement("a");
    why.href = said.whyPage.replace("{number}", line.participant_no);
    why.textContent = line.participant_no;
    number.append(why);
    const code = cell("td", line.code);
    if (line.equal_with || line.decided) {
      const note = document.createElement("span");
      note.className = "quiet";
      const why = line.decided ? said.decided : said.equal.replace("{count}", line.equal_with);
      note.textContent = `(${why})`;
      code.append(" ", note);
    }
    made.append(cell("td", line.rank, true), number, cell("td", line.score, true), code);
    for (const component of components) made.append(cell("td", line.points[component], true));
    return made;
  };

  // Takes over the cells that differ; the others stay, with what is focused or selected in them.
  // Says whether any did.
  const refresh = (old, made) => {
    const differ = [...made.cells].filter(
      (cell, at) => cell.textContent.trim() !== old.cells[at].textContent.trim(),
    );
    for (const cell of differ) old.cells[cell.cellIndex].replaceWith(cell.cloneNode(true));
    old.classList.toggle("within", made.classList.contains("within"));
    return differ.length > 0;
  };

  const show = (standings) => {
    const before = new Map([...lines.rows].map((old) => [old.dataset.number, old]));
    const moved = [];
    const rows = standings.items.map((line) => {
      const made = row(line, standings.components);
      const old = before.get(line.participant_no);
      if (old ? refresh(old, made) : before.size) moved.push(old ?? made);
      return old ?? made;
    });
    const focused = document.activeElement;
    const within = lines.contains(focused);
    const stay = new Set(rows);
    for (const old of before.values()) if (!stay.has(old)) old.remove();
    rows.forEach((each, at) => {
      if (lines.rows[at] !== each) lines.insertBefore(each, lines.rows[at] ?? null);
    });
    if (within && document.activeElement !== focused) { // a row that is moved loses the focus
      const target = lines.contains(focused) ? focused : lines.closest("[tabindex]");
      target.focus({ preventScroll: true });
    }
    for (const each of moved) each.classList.add("moved");
    setTimeout(() => moved.forEach((each) => each.classList.remove("moved")), 1500);
    byId("candidates").textContent = standings.candidates;
    byId("within").textContent = standings.cut.within;
    byId("cut-score").textContent = standings.cut.score ?? "–";
    byId("empty").hidden = rows.length > 0;
    byId("lines-shown").hidden = rows.length === 0;
    byId("lines-shown").textContent = said.lines
      .replace("{first}", 1).replace("{last}", rows.length).replace("{all}", standings.candidates);
    if (byId("all-equals")) byId("all-equals").hidden = standings.cut.within <= standings.cut.limit;
    return moved.length;
  };

  const say = (text) => {
    clearTimeout(unsaid);
    const wait = spoken + SPOKEN_EVERY_MS - Date.now();
    if (wait > 0) {
      unsaid = setTimeout(say, wait, text);
      return;
    }
    spoken = Date.now();
    live.textContent = text;
  };

  const stream = new EventSource(said.stream);
  stream.addEventListener("standings", (event) => {
    const standings = JSON.parse(event.data);
    if (standings.state === "closed") {
      stream.close();
      location.assign(said.closed); // the list was fixed: the page is another one now
      return;
    }
    const moved = show(standings);
    byId("as-of").textContent = event.lastEventId;
    const now = new Date().toLocaleTimeString(document.documentElement.lang);
    if (moved) say(`${said.updated} ${now}`);
  });
  stream.addEventListener("open", () => { spoken = 0; say(said.following); });
  stream.addEventListener("error", () => { spoken = 0; say(said.lost); });
}
