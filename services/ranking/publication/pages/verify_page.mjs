
// ------------------------------------------------------------------------------ the page around it

const PAGE = {
  element: (id) => document.getElementById(id),
  words: JSON.parse(document.getElementById("words").textContent),
  last: null,
};

function language() {
  return document.documentElement.lang;
}

/** A text of the page, with its values. */
function word(name, values = {}) {
  return PAGE.words[language()][name].replace(/\{(\w+)\}/g, (_, key) => shown(values[key]));
}

function made(tag, content, className = "") {
  const element = document.createElement(tag);
  if (typeof content === "string") element.textContent = content;
  else element.append(...content);
  if (className) element.className = className;
  return element;
}

/** The pieces of a chosen file, as they are read. */
async function* piecesOf(file) {
  const reader = file.stream().getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
    yield piece.value;
  }
}

/** The law that the person named; null for none. Throws Fault where the file holds none. */
async function chosenLaw() {
  const { value } = PAGE.element("law");
  if (value === "") return null;
  const file = PAGE.element("law-file").files[0];
  const law = value === "file" ? file && lawOf(await file.text()) : lawOf(value);
  if (!law) throw new Fault({}, "policy", { why: file?.name ?? "–" });
  return law;
}

async function checked() {
  const [list, key] = ["list", "key"].map((id) => PAGE.element(id).files[0]);
  try {
    const progress = async (line) => {
      PAGE.element("progress").textContent = word("verify-progress", { line });
      await new Promise((resume) => { setTimeout(resume); });
    };
    const participant = PAGE.element("number").value.trim();
    const options = { participant, progress };
    const verdict = await verify(piecesOf(list), keyOf(await key.text()), await chosenLaw(), options);
    return { ...verdict, participant };
  } catch (fault) {
    if (fault instanceof Fault) return { status: 2, fault };
    return { status: 2, fault: new Fault({ field: list.name }, "layout") };
  }
}

const KINDS_OF_VERDICT = { 0: "good", 1: "wrong", 2: "wrong", 3: "own-rules" };

function show(verdict) {
  PAGE.last = verdict;
  const { status, fault, head, kind: what } = verdict;
  const name = what === "receipt" ? "receipt" : status;
  const said = [made("p", [made("strong", word(`verify-status-${name}`))])];
  if (fault) said.push(made("p", fault.told(language())));
  else said.push(made("p", word(`verify-says-${name}`)));
  if (verdict.seatings) said.push(made("p", word("verify-seats")));
  const parts = [made("div", said, `verdict ${KINDS_OF_VERDICT[status]}`)];
  if (head) parts.push(...own(verdict), facts(verdict));
  PAGE.element("verdict").replaceChildren(...parts);
}

/** What the file says of the person's number, or whom a receipt is about. */
function own({ own: leaves = [], participant, openings = [] }) {
  if (!participant && !leaves.length) return [];
  if (!leaves.length) return [made("p", word("verify-not-there", { number: participant }))];
  const rows = leaves.map((leaf) => made("li", placeSaid(leaf)));
  for (const { list, facts: bound } of openings) {
    const values = Object.entries(bound).map(([name, value]) => `${name} ${value ?? "–"}`);
    rows.push(made("li", word("verify-bound", { list, facts: values.join(", ") })));
  }
  const title = word("verify-own", { number: leaves[0].participant_no });
  return [made("h2", title), made("ul", rows)];
}

function placeSaid(leaf) {
  if (leaf.kind === "applicant") return word("verify-outcome", { outcome: leaf.outcome });
  const { list, rank, score, code } = leaf;
  return word("verify-place", { list, rank: rank ?? "–", score: score ?? "–", code });
}

function facts({ head, applicants }) {
  const rows = [
    ["verify-round", `${head.round_name} (${head.round_id}), ${head.version}`],
    ["verify-published", head.published_at],
    ["verify-policy", `${head.policy_id} ${head.policy_version}, SHA-256 ${head.policy_hash}`],
    ["verify-root", head.root],
  ];
  if (applicants && head.format === "terang-list-2") {
    const { MS, TMS, APS } = applicants;
    rows.push(["verify-applied", `${MS + TMS + APS} (MS ${MS}, TMS ${TMS}, APS ${APS})`]);
  }
  return made("dl", rows.flatMap(([name, value]) =>
    [made("dt", word(name)), made("dd", shown(value))]));
}

function speak(chosen) {
  document.documentElement.lang = chosen;
  document.title = `${word("verify-title")} · Terang`;
  const law = PAGE.element("law");
  const { value } = law;
  law.replaceChildren(
    ...[["", word("verify-law-none")], ...KNOWN.map(([id, version]) => [id, `${id} (${version})`]),
      ["file", word("verify-law-own")]].map(([name, label]) => new Option(label, name)),
  );
  law.value = value;
  if (PAGE.last) show(PAGE.last);
}

function begin() {
  PAGE.element("keep").hidden = window.location.protocol === "file:";
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => speak(button.dataset.language));
  }
  PAGE.element("law").addEventListener("change", ({ target }) => {
    PAGE.element("law-by-file").hidden = target.value !== "file";
    PAGE.element("law-file").required = target.value === "file";
  });
  PAGE.element("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    PAGE.element("check").disabled = true;
    PAGE.element("verdict").replaceChildren();
    show(await checked());
    PAGE.element("progress").textContent = "";
    PAGE.element("check").disabled = false;
  });
  speak(language());
}

begin();
