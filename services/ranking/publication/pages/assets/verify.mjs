// Checks a published list, or a receipt, without asking any server: a second program beside
// `terang verify`, written from docs/verifying.md and docs/policies.md; the two share no code.
// It needs nothing but this file: under node (`node verify.mjs LIST --key public.pem …`), or in
// verify.html in a browser, where nothing leaves the device.

// ------------------------------------------------------------------------------------ what is said

/** What can be wrong, in both languages; {a} stands for a value. */
const FAULTS = {
  expected: ["seharusnya {expected}, tertulis {published}",
    "expected {expected}, published {published}"],
  bytes: ["bukan UTF-8", "no UTF-8"],
  json: ["bukan JSON", "no JSON"],
  canonical: ["JSON tidak ditulis dalam bentuk bakunya",
    "the JSON is not written in its canonical form"],
  layout: ["berkas tidak tersusun seperti daftar atau tanda bukti",
    "the file is not laid out as a list or a receipt"],
  long: ["baris terlalu panjang", "the line is too long"],
  shape: ["bukan {expected}", "expected {expected}"],
  missing: ["tidak ada", "it is missing"],
  unknown: ["tidak dikenal di sini", "nothing is called so here"],
  signature: ["tanda tangan tidak cocok dengan kunci itu",
    "the signature does not match this key"],
  key: ["ditandatangani dengan kunci lain ({published})",
    "signed with another key ({published})"],
  "no-key": ["bukan kunci publik Ed25519 (PEM)", "no Ed25519 public key (PEM)"],
  root: ["ada baris yang diubah, dipindahkan, atau dihapus",
    "a line was changed, moved or taken out"],
  law: ["berkas memakai aturan lain (SHA-256 {published}), bukan {expected}",
    "the file ranks under another policy (SHA-256 {published}) than {expected}"],
  policy: ["aturan tidak dapat dipakai: {why}", "the policy can't be used: {why}"],
  before: ["{published} mendahului {expected}", "{published} is before {expected}"],
  after: ["{published} sesudah {expected}", "{published} is after {expected}"],
  leaf: ["seharusnya {expected}, tertulis {published}", "expected {expected}, found {published}"],
  twice: ["{published} sudah ada", "{published} stands there already"],
  number: ["nomor peserta bukan milik formasi {expected}",
    "the participant number is none of vacancy {expected}"],
  applied: ["ada di daftar pertama, tetapi tidak melamar",
    "stands on the first list and never applied"],
  outcome: ["{published}, tetapi di daftar pertama {expected}",
    "{published}, but on the first list {expected}"],
  admitted: ["tidak diloloskan daftar sebelumnya", "not admitted by the list before"],
  absent: ["diloloskan daftar sebelumnya, tetapi tidak ada di sini",
    "admitted by the list before, and not on this one"],
  points: ["nilai {published} tidak mungkin: paling tinggi {expected}",
    "points {published} can't be: at most {expected}"],
  step: ["nilai {published} tidak ada di jenjang aturan",
    "points {published} are no step of the policy's scale"],
  choose: ["menurut aturan tidak ada petugas yang memilih di daftar ini",
    "the policy lets no officer choose on this list"],
  decided: ["urutan petugas bukan urutan semua yang setara",
    "the officer's order is none of all who are equal"],
  undecided: ["{published} orang setara di kursi terakhir, tanpa urutan petugas",
    "{published} are equal at the last seat, and no officer's order counts"],
  code: ["kode {published} tidak dikenal", "code {published} is unknown"],
  one: ["tanda bukti memuat satu pelamar saja", "a receipt is about one candidate"],
  opening: ["tidak membuka baris mana pun", "it opens no line of this receipt"],
  path: ["tidak terhubung dengan akar yang ditandatangani",
    "it does not lead to the root that was signed"],
  seating: ["tidak menyebut {expected}", "it says nothing of {expected}"],
};

const WORDS = {
  line: ["baris", "line"],
  list: ["daftar", "list"],
  file: ["berkas", "the file"],
};

class Fault extends Error {
  /** `where`: line (from 1), participant, list, field; `says`: a key of FAULTS, with `values`. */
  constructor(where, says, values = {}) {
    super(says);
    this.where = where;
    this.says = says;
    this.values = values;
  }

  /** In words; `language`: "id" or "en". */
  told(language) {
    const at = language === "id" ? 0 : 1;
    const { line, participant, list, field } = this.where;
    const who = [list && `${WORDS.list[at]} ${list}`, participant].filter(Boolean).join(", ");
    const place = [
      line ? `${WORDS.line[at]} ${line}` : WORDS.file[at],
      who && `(${who})`,
    ].filter(Boolean).join(" ");
    const text = FAULTS[this.says][at].replace(/\{(\w+)\}/g, (_, name) =>
      shown(this.values[name]));
    return `${place}${field ? `, ${field}` : ""}: ${text}`;
  }
}

/** A value as it may be printed: no control character, nothing that turns the writing around. */
function shown(value) {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? "–";
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, (sign) =>
    `\\u{${sign.codePointAt(0).toString(16)}}`);
}

function differ(where, field, expected, published) {
  if (expected !== published) {
    const values = { expected: expected ?? "null", published: published ?? "null" };
    throw new Fault({ ...where, field }, "expected", values);
  }
}

// ------------------------------------------------------------------------- SHA-256 (FIPS 180-4)

/** The first `count` primes. */
function primes(count) {
  const found = [];
  for (let number = 2n; found.length < count; number += 1n) {
    if (found.every((prime) => number % prime)) found.push(number);
  }
  return found;
}

/** The whole part of a root of the given degree. */
function root(value, degree) {
  let low = 0n;
  let high = value;
  while (low < high) {
    const middle = (low + high + 1n) >> 1n;
    if (middle ** degree <= value) low = middle;
    else high = middle - 1n;
  }
  return low;
}

/** The first bits after the point of the primes' roots, as both functions take them. */
function fractions(count, degree, bits) {
  const mask = (1n << BigInt(bits)) - 1n;
  return primes(count).map((prime) => root(prime << (BigInt(bits) * degree), degree) & mask);
}

const K256 = Int32Array.from(fractions(64, 3n, 32), (value) => Number(BigInt.asIntN(32, value)));
const START256 = Int32Array.from(fractions(8, 2n, 32), (value) => Number(BigInt.asIntN(32, value)));
const SCHEDULE = new Int32Array(64);

function block256(state, bytes, at) {
  const w = SCHEDULE;
  for (let t = 0; t < 16; t += 1, at += 4) {
    w[t] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }
  for (let t = 16; t < 64; t += 1) {
    const x = w[t - 15];
    const y = w[t - 2];
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    w[t] = (w[t - 16] + s0 + w[t - 7] + s1) | 0;
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let t = 0; t < 64; t += 1) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const one = (h + s1 + ((e & f) ^ (~e & g)) + K256[t] + w[t]) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const two = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g; g = f; f = e; e = (d + one) | 0;
    d = c; c = b; b = a; a = (one + two) | 0;
  }
  state[0] += a; state[1] += b; state[2] += c; state[3] += d;
  state[4] += e; state[5] += f; state[6] += g; state[7] += h;
}

/** The message with its end: a bit 1, zeros, and its length in bits. */
function padded(parts, size) {
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const lengthBytes = size / 8;
  const bytes = new Uint8Array(Math.ceil((length + 1 + lengthBytes) / size) * size);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  bytes[length] = 0x80;
  new DataView(bytes.buffer).setBigUint64(bytes.length - 8, BigInt(length) * 8n);
  return bytes;
}

/** SHA-256 of the parts, one after the other. */
function sha256(...parts) {
  const bytes = padded(parts, 64);
  const state = START256.slice();
  for (let at = 0; at < bytes.length; at += 64) block256(state, bytes, at);
  const hash = new Uint8Array(32);
  const view = new DataView(hash.buffer);
  state.forEach((word, index) => view.setInt32(index * 4, word));
  return hash;
}

// ------------------------------------------------------- SHA-512 and Ed25519 (RFC 8032), by BigInt

const M64 = (1n << 64n) - 1n;
const K512 = fractions(80, 3n, 64);
const START512 = fractions(8, 2n, 64);
const turned = (x, by) => ((x >> by) | (x << (64n - by))) & M64;

function block512(state, view, at) {
  const w = [];
  for (let t = 0; t < 80; t += 1) {
    if (t < 16) {
      w.push(view.getBigUint64(at + t * 8));
    } else {
      const [x, y] = [w[t - 15], w[t - 2]];
      const s0 = turned(x, 1n) ^ turned(x, 8n) ^ (x >> 7n);
      const s1 = turned(y, 19n) ^ turned(y, 61n) ^ (y >> 6n);
      w.push((w[t - 16] + s0 + w[t - 7] + s1) & M64);
    }
  }
  let [a, b, c, d, e, f, g, h] = state;
  for (let t = 0; t < 80; t += 1) {
    const s1 = turned(e, 14n) ^ turned(e, 18n) ^ turned(e, 41n);
    const one = h + s1 + ((e & f) ^ ((M64 ^ e) & g)) + K512[t] + w[t];
    const s0 = turned(a, 28n) ^ turned(a, 34n) ^ turned(a, 39n);
    const two = s0 + ((a & b) ^ (a & c) ^ (b & c));
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + one) & M64, c, b, a, (one + two) & M64];
  }
  return [a, b, c, d, e, f, g, h].map((word, index) => (word + state[index]) & M64);
}

function sha512(...parts) {
  const bytes = padded(parts, 128);
  const view = new DataView(bytes.buffer);
  let state = START512;
  for (let at = 0; at < bytes.length; at += 128) state = block512(state, view, at);
  const hash = new Uint8Array(64);
  const out = new DataView(hash.buffer);
  state.forEach((word, index) => out.setBigUint64(index * 8, word));
  return hash;
}

const P = (1n << 255n) - 19n;
const ORDER = (1n << 252n) + 27742317777372353535851937790883648493n;
const mod = (value) => ((value % P) + P) % P;

function power(base, exponent) {
  let result = 1n;
  for (let b = mod(base), e = exponent; e; e >>= 1n, b = (b * b) % P) {
    if (e & 1n) result = (result * b) % P;
  }
  return result;
}

const D = mod(-121665n * power(121666n, P - 2n));
const SQRT_M1 = power(2n, (P - 1n) / 4n);
const ZERO = [0n, 1n, 1n, 0n];

function little(bytes) {
  return bytes.reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
}

/** The point of 32 bytes as X, Y, Z, T; null where they are none. */
function point(bytes) {
  const value = little(bytes);
  const sign = value >> 255n;
  const y = value & ((1n << 255n) - 1n);
  if (y >= P) return null;
  const [u, v] = [mod(y * y - 1n), mod(D * y * y + 1n)];
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (P - 5n) / 8n));
  if (mod(v * x * x) !== u) x = mod(x * SQRT_M1);
  if (mod(v * x * x) !== u || (x === 0n && sign)) return null;
  if ((x & 1n) !== sign) x = P - x;
  return [x, y, 1n, mod(x * y)];
}

function added([x1, y1, z1, t1], [x2, y2, z2, t2]) {
  const a = mod((y1 - x1) * (y2 - x2));
  const b = mod((y1 + x1) * (y2 + x2));
  const c = mod(2n * D * t1 * t2);
  const d = mod(2n * z1 * z2);
  const [e, f, g, h] = [b - a, d - c, d + c, b + a];
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}

function times(scalar, base) {
  let result = ZERO;
  for (let e = scalar, p = base; e; e >>= 1n, p = added(p, p)) {
    if (e & 1n) result = added(result, p);
  }
  return result;
}

const BASE = (() => {
  const y = mod(4n * power(5n, P - 2n));
  const bytes = new Uint8Array(32);
  for (let at = 0, rest = y; at < 32; at += 1, rest >>= 8n) bytes[at] = Number(rest & 255n);
  return point(bytes);
})();

/** Whether the key signed the message. */
function accepts(key, signature, message) {
  const [a, r] = [point(key), point(signature.subarray(0, 32))];
  const s = little(signature.subarray(32));
  if (signature.length !== 64 || a === null || r === null || s >= ORDER) return false;
  const k = little(sha512(signature.subarray(0, 32), key, message)) % ORDER;
  const left = times(s, BASE);
  const right = added(r, times(k, a));
  return mod(left[0] * right[2]) === mod(right[0] * left[2])
    && mod(left[1] * right[2]) === mod(right[1] * left[2]);
}

// ------------------------------------------------------------------------------- bytes and texts

const ENCODER = new TextEncoder();
const utf8 = (text) => ENCODER.encode(text);
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const hex = (bytes) => Array.from(bytes, (byte) => HEX[byte]).join("");
const unhex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));

function decoded(bytes, where) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Fault(where, "bytes");
  }
}

/** Names in the order of their code points, not of UTF-16. */
function byCodePoint(a, b) {
  const [left, right] = [[...a], [...b]];
  for (let at = 0; at < left.length && at < right.length; at += 1) {
    const step = left[at].codePointAt(0) - right[at].codePointAt(0);
    if (step) return step;
  }
  return left.length - right.length;
}

/** The one way in which a value is written. */
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const names = Object.keys(value);
  // eslint-disable-next-line no-control-regex
  names.sort(names.every((name) => /^[\0-\x7f]*$/.test(name)) ? undefined : byCodePoint);
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
}

/** The value of a JSON text that is written canonically, without numbers but integers. */
function parsed(text, where) {
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Fault(where, "json");
  }
  // integers are written as they are; a fraction, an exponent or -0 is written otherwise or refused
  const isWhole = !/[\ud800-\udfff]|\\ud[89a-f]/u.test(text); // no half of a pair
  if (canonical(value) !== text || hasFraction(value) || !isWhole) {
    throw new Fault(where, "canonical");
  }
  return value;
}

function hasFraction(value) {
  if (typeof value === "number") return !Number.isSafeInteger(value);
  if (value === null || typeof value !== "object") return false;
  return Object.values(value).some(hasFraction);
}

// ------------------------------------------------------------------------------- shapes of values

const NUMBER = /^[0-9]{4,6}-[0-9]{6}$/;
const DECIMAL = /^[0-9]{1,9}(\.[0-9]{1,6})?$/;
const TIME = /^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?Z$/;

const kind = (says, holds) => (value, where) => {
  if (!holds(value)) throw new Fault(where, "shape", { expected: says });
};
const like = (pattern) => kind(`a text like ${pattern.source}`, (value) =>
  typeof value === "string" && pattern.test(value));
const text = kind("a text", (value) => typeof value === "string");
const integer = kind("an integer", Number.isSafeInteger);
const least = (bound, most = Infinity) => kind(`an integer of at least ${bound}`, (value) =>
  Number.isSafeInteger(value) && value >= bound && value <= most);
const among = (...values) => kind(values.join(" / "), (value) => values.includes(value));
const hash = like(/^[0-9a-f]{64}$/);
const salt = like(/^[0-9a-f]{32}$/);
const number = like(NUMBER);
const decimal = like(DECIMAL);
const time = kind("a time", (value) =>
  typeof value === "string" && TIME.test(value) && isRealTime(value));
const perhaps = (inner) => (value, where) => { if (value !== null) inner(value, where); };
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const inside = (where, name) =>
  ({ ...where, field: where.field ? `${where.field}.${name}` : String(name) });

function isRealTime(value) {
  const date = new Date(`${value.slice(0, 19)}Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().slice(0, 19) === value.slice(0, 19)
    && !value.startsWith("0000");
}

/** An object with these fields and no others; those in `optional` may be missing. */
const record = (fields, optional = {}) => (value, where) => {
  if (!isObject(value)) throw new Fault(where, "shape", { expected: "an object" });
  for (const name of Object.keys(fields)) {
    if (!Object.hasOwn(value, name)) throw new Fault(inside(where, name), "missing");
  }
  for (const [name, item] of Object.entries(value)) {
    const holds = Object.hasOwn(fields, name) ? fields[name]
      : Object.hasOwn(optional, name) ? optional[name] : null;
    if (holds === null) throw new Fault(inside(where, name), "unknown");
    holds(item, inside(where, name));
  }
};

const mapping = (key, item) => (value, where) => {
  if (!isObject(value)) throw new Fault(where, "shape", { expected: "an object" });
  for (const [name, inner] of Object.entries(value)) {
    key(name, inside(where, name));
    item(inner, inside(where, name));
  }
};

const sequence = (item, least = 0) => (value, where) => {
  if (!Array.isArray(value) || value.length < least) {
    throw new Fault(where, "shape", { expected: "a list" });
  }
  value.forEach((inner, at) => item(inner, inside(where, at)));
};

const HEAD = record({
  format: among("terang-list-1", "terang-list-2"), province: text, round_id: text,
  round_name: text, version: integer, previous: perhaps(hash), policy_id: text,
  policy_version: text, policy_hash: hash, seed: hash, decreed_seats: integer, vacancies: integer,
  lines: integer, leaves: integer, root: hash, proposed_at: time, proposed_by: among("officer"),
  signed_by: among("officer"), published_at: time, key_id: hash,
});

const leafOf = (name, fields) =>
  record({ kind: among(name), salt, vacancy_id: text, ...fields });
const LEAVES = {
  vacancy: leafOf("vacancy", {
    number: least(1), listing_id: text, agency: text, post: text, unit_id: text, unit_path: text,
    need: text, seats: least(1),
  }),
  administration: leafOf("administration", { submitted: least(0) }),
  applicant: leafOf("applicant", {
    participant_no: number, outcome: among("MS", "TMS", "APS"), commitment: perhaps(hash),
  }),
  list: leafOf("list", {
    list: text, version: integer, closed_at: time, digest: hash, decided: mapping(number, integer),
  }),
  line: leafOf("line", {
    list: text, place: integer, participant_no: number, rank: perhaps(integer), equals: integer,
    score: perhaps(decimal), code: text, points: mapping(text, decimal), priority: perhaps(text),
    order: perhaps(integer), commitment: perhaps(hash),
  }),
  seating: leafOf("seating", {
    education: sequence(record({ level: text, programme: text })),
    gave_up: mapping(number, among("declined", "lapsed")), not_asked: sequence(number),
    decided: sequence(number),
    offers: sequence(record({
      participant_no: number, applied_for: text, move: perhaps(integer), code: text,
      answer: among("accepted", "declined", "lapsed"),
    })),
  }),
};

function checkLeaf(leaf, where) {
  if (!isObject(leaf) || typeof leaf.kind !== "string" || !Object.hasOwn(LEAVES, leaf.kind)) {
    throw new Fault({ ...where, field: "kind" }, "shape",
      { expected: Object.keys(LEAVES).join(" / ") });
  }
  LEAVES[leaf.kind](leaf, where);
}

// ---------------------------------------------------------------------------------- the policy

const CODE = like(/^[A-Z][A-Z0-9_]{0,39}$/);
const NAME = like(/^[a-z][a-z0-9-]{0,19}$/);
const AUTHORITY = like(/^[a-z0-9][a-z0-9-]{0,39}$/);
const RESULT = like(/^[A-Z0-9/-]{1,12}$/);
const amount = (pattern) => kind(`a number like ${pattern.source}`, (value) =>
  (typeof value === "string" || Number.isSafeInteger(value)) && pattern.test(value));
const AMOUNT = amount(/^(0|[1-9][0-9]{0,5})(\.[0-9]{1,6})?$/);
const POSITIVE = amount(/^(?=.*[1-9])(0|[1-9][0-9]{0,5})(\.[0-9]{1,6})?$/);
const BOTH = record({ id: text, en: text });
const flag = kind("true or false", (value) => typeof value === "boolean");
const codes = sequence(CODE);
const someCodes = sequence(CODE, 1);

const COMPONENT = record(
  {
    code: CODE, name: BOTH, maximum: POSITIVE, step: POSITIVE, authority: AUTHORITY,
    scoring: among("right-wrong", "graded", "panel", "evidence", "points"),
  },
  {
    items: perhaps(least(1)), needs: codes, knock_out: perhaps(POSITIVE),
    rubric: sequence(record({ name: BOTH, maximum: POSITIVE })),
    evidence: perhaps(record({
      of: among("relevant_experience_months", "gpa", "education"),
      steps: sequence(record({ at_least: text, points: AMOUNT }), 1),
    })),
  },
);

const STAGE = record(
  { code: NAME, name: BOTH, components: sequence(COMPONENT, 1), authority: AUTHORITY },
  {
    minutes: perhaps(least(1)), off_site: flag,
    longer: sequence(record({ need: CODE, who: BOTH, minutes: least(1) })),
    thresholds: sequence(
      record({ needs: someCodes, of: text, minimum: AMOUNT, authority: AUTHORITY }),
    ),
    bonuses: sequence(record(
      { name: BOTH, component: CODE, points: POSITIVE, ceiling: POSITIVE, authority: AUTHORITY },
      { needs: codes, of: perhaps(text), at_least: perhaps(text) },
    )),
  },
);

const LIST = record(
  {
    code: NAME, name: BOTH, stage: NAME, ties_authority: AUTHORITY, codes_authority: AUTHORITY,
    score: record({
      terms: sequence(record(
        { stage: NAME, divisor: POSITIVE, weight: POSITIVE },
        { component: perhaps(CODE), needs: codes },
      ), 1),
      decimals: least(0, 6), rounding: among("each-step", "end"), authority: AUTHORITY,
    }),
    ties: sequence(record({ by: text, order: among("highest-first", "lowest-first") })),
    codes: record({
      within: RESULT, passed: RESULT, below: RESULT, absent: RESULT, disqualified: RESULT,
      withdrawn: RESULT, rejected: RESULT,
    }),
  },
  {
    by_priority: flag, after: perhaps(NAME),
    cut: perhaps(record({
      multiple: least(1), equals_at_the_limit: among("all-admitted", "officer-decides"),
      authority: AUTHORITY,
    })),
  },
);

const POLICY = record(
  {
    id: AUTHORITY, version: like(/^[0-9]+(\.[0-9]+)*$/), name: BOTH,
    authorities: mapping(AUTHORITY, record(
      { decree: text, article: text, confidence: among("A", "B", "C", "D") }, { remark: text },
    )),
    needs: mapping(CODE, record(
      { name: BOTH, labels: sequence(text, 1) }, { authority: perhaps(AUTHORITY) },
    )),
    stages: sequence(STAGE, 1), lists: sequence(LIST, 1),
    publication: record({ level: among("components", "scores"), authority: AUTHORITY }),
  },
  {
    seat_moves: sequence(record(
      {
        to_needs: someCodes, from_needs: someCodes, where: among("same-unit", "other-unit"),
        same: sequence(among("agency", "post", "need", "education"), 1), code: RESULT,
        authority: AUTHORITY,
      },
      { thresholds_of: perhaps(CODE) },
    )),
    seat_groups: sequence(record({ name: BOTH, posts: sequence(text, 1), authority: AUTHORITY })),
    education: sequence(record({ code: CODE, name: BOTH, labels: sequence(text, 1) })),
    education_authority: perhaps(AUTHORITY),
    priority_groups: sequence(record(
      { code: CODE, name: BOTH, authority: AUTHORITY },
      {
        labels: sequence(text), result_code: perhaps(RESULT),
        result_code_authority: perhaps(AUTHORITY),
      },
    )),
    quotas: sequence(record({ need: CODE, least_percent: POSITIVE, authority: AUTHORITY })),
    objections: sequence(record(
      { after: text, days: least(1, 60), answer_days: least(1, 60), authority: AUTHORITY },
    )),
  },
);

/** That the policy's parts fit together, as far as the recomputation rests on it. Whether it is
 * sound in all is what `terang policy check` says. */
function checkParts(policy, where) {
  const wrong = (why) => { throw new Fault(where, "policy", { why }); };
  const stages = new Map(policy.stages.map((stage) => [stage.code, stage]));
  const components = policy.stages.flatMap((stage) => stage.components);
  const names = new Set([...stages.keys(), ...components.map(({ code }) => code)]);
  if (names.size !== stages.size + components.length || stages.size !== policy.stages.length) {
    wrong("a stage or component twice");
  }
  for (const stage of policy.stages) checkStage(stage, wrong);
  for (const name of authoritiesIn(policy)) {
    if (!Object.hasOwn(policy.authorities, name)) wrong(`no authority ${name}`);
  }
  policy.lists.forEach((list, at) => {
    const before = policy.lists.slice(0, at).map(({ code }) => code);
    if (before.includes(list.code)) wrong(`list ${list.code} twice`);
    const after = list.after ?? null;
    if (after !== null && !before.includes(after)) wrong(`list ${list.code} after ${after}`);
    if (!stages.has(list.stage)) wrong(`list ${list.code} of stage ${list.stage}`);
    if (new Set(Object.values(list.codes)).size !== 7) wrong(`list ${list.code}: a code twice`);
    if (list.by_priority && !policy.priority_groups?.length) wrong("no priority groups");
    for (const { by } of list.ties) {
      const known = FACTS.includes(by) || by.split("+").every((name) => names.has(name));
      if (!known) wrong(`list ${list.code}: a tie by ${by}`);
    }
    for (const need of Object.keys(policy.needs)) checkTerms(list, stages, need, wrong);
  });
}

/** The authorities that something in a policy names. */
function* authoritiesIn(value) {
  if (value === null || typeof value !== "object") return;
  for (const [name, inner] of Object.entries(value)) {
    if (/(^|_)authority$/.test(name) && typeof inner === "string") yield inner;
    else yield* authoritiesIn(inner);
  }
}

function checkStage(stage, wrong) {
  for (const { of, minimum } of stage.thresholds ?? []) {
    const parts = stage.components.filter(({ code }) => of === "total" || code === of);
    if (!parts.length) wrong(`a threshold of ${of}`);
    const most = parts.reduce((sum, { maximum }) => sum + millionths(maximum), 0n);
    if (millionths(minimum) > most) wrong(`a threshold of ${of} above its maximum`);
  }
  for (const { code, step, maximum, items, scoring, knock_out: out } of stage.components) {
    if (millionths(out ?? 0) > millionths(maximum)) wrong(`${code}: a knock-out above its maximum`);
    if (millionths(maximum) % millionths(step)) wrong(`${code}: step ${step}`);
    const whole = scoring !== "right-wrong" || BigInt(items ?? 0) * millionths(step);
    if (whole !== true && whole !== millionths(maximum)) wrong(`${code}: ${items} items`);
  }
}

function checkTerms(list, stages, need, wrong) {
  const terms = list.score.terms.filter((term) => isOf(term, need));
  const weights = terms.reduce((sum, { weight }) => sum + millionths(weight), 0n);
  if (weights !== 100n * MILLION) wrong(`list ${list.code}, ${need}: weights`);
  for (const { stage, component } of terms) {
    const parts = stages.get(stage)?.components ?? [];
    const known = parts.some(({ code }) => !component || code === component);
    if (!known) wrong(`list ${list.code}: a term of ${stage} ${component ?? ""}`);
  }
}

const FACTS = ["gpa", "birth_date", "relevant_experience_months", "education", "priority"];
const MILLION = 1000000n;

/** A decimal, or an integer, in millionths. */
function millionths(written) {
  const [whole, part = ""] = String(written).split(".");
  return BigInt(whole + part.padEnd(6, "0"));
}

/** numerator / denominator with that many digits, half-up, in units of the last of them. */
function rounded(numerator, denominator, digits) {
  return (2n * numerator * 10n ** BigInt(digits) + denominator) / (2n * denominator);
}

function written(units, digits) {
  const all = units.toString().padStart(digits + 1, "0");
  return digits ? `${all.slice(0, -digits)}.${all.slice(-digits)}` : all;
}

const isOf = (part, need) => !part.needs?.length || part.needs.includes(need);

/** One list of the policy for one kind of need: what its lines must say. */
class Rules {
  constructor(policy, code, need) {
    this.policy = policy;
    this.need = need;
    this.list = policy.lists.find((list) => list.code === code);
    this.shows = policy.publication.level === "components";
    this.stages = this.#stages();
    this.components = this.stages.flatMap((stage) => stage.components)
      .filter((component) => isOf(component, need));
    this.ofFacts = this.stages.some((stage) =>
      stage.components.some((component) => component.evidence)
      || (stage.bonuses ?? []).some((bonus) => FACTS.includes(bonus.of)));
    const hidden = this.list.ties.findIndex((tie) => !this.shows || FACTS.includes(tie.by));
    this.visible = hidden < 0 ? this.list.ties : this.list.ties.slice(0, hidden);
    this.hides = hidden >= 0;
    this.terms = this.list.score.terms.filter((term) => isOf(term, need));
    this.bound = new Map(this.components.map((part) => [part.code, this.#most(part)]));
  }

  /** The stages that the list's score has terms of. */
  #stages() {
    const named = new Set(this.list.score.terms.map((term) => term.stage));
    return this.policy.stages.filter((stage) => named.has(stage.code));
  }

  #most(component) {
    const ceilings = this.stages.flatMap((stage) => stage.bonuses ?? [])
      .filter((bonus) => bonus.component === component.code && isOf(bonus, this.need))
      .map((bonus) => millionths(bonus.ceiling));
    return [millionths(component.maximum), ...ceilings].reduce((a, b) => (a > b ? a : b));
  }

  #total(stageCode, points) {
    const stage = this.policy.stages.find((one) => one.code === stageCode);
    return this.#sum(stage.components.map((component) => component.code), points);
  }

  #sum(names, points) {
    const known = names.filter((name) => points.has(name));
    return known.reduce((sum, name) => sum + points.get(name), 0n);
  }

  /** Whether a fact can give these points: none, or those of a step; bonuses may lie between. */
  isStep({ code, evidence }, value) {
    const bonuses = this.stages.flatMap((stage) => stage.bonuses ?? []);
    if (!evidence || bonuses.some(({ component }) => component === code)) return true;
    return value === 0n || evidence.steps.some(({ points }) => millionths(points) === value);
  }

  /** Points of a component, of several (`A+B`), or of a stage; in millionths. */
  value(by, points) {
    if (this.policy.stages.some((stage) => stage.code === by)) return this.#total(by, points);
    const names = by.split("+");
    return names.some((name) => points.has(name)) ? this.#sum(names, points) : null;
  }

  /** Whether the points stay below a threshold of one of the stages. */
  isBelow(points) {
    return this.stages.some((stage) => this.#isBelowIn(stage, points));
  }

  #isBelowIn(stage, points) {
    const of = (name) => (name === "total" ? this.#total(stage.code, points) : points.get(name));
    const fails = (name, minimum) =>
      minimum != null && of(name) !== undefined && of(name) < millionths(minimum);
    return (stage.thresholds ?? []).some((threshold) =>
      threshold.needs.includes(this.need) && fails(threshold.of, threshold.minimum))
      || stage.components.some((component) => fails(component.code, component.knock_out));
  }

  /** The score, as it is written. */
  score(points) {
    const { decimals, rounding } = this.list.score;
    const parts = this.terms.map((term) => [
      term.component ? points.get(term.component) ?? 0n : this.#total(term.stage, points),
      millionths(term.divisor), millionths(term.weight),
    ]);
    if (rounding === "end") return written(this.#atTheEnd(parts, decimals), decimals);
    const scale = 10n ** BigInt(decimals);
    const units = parts.map(([value, divisor, weight]) =>
      rounded(rounded(value, divisor, decimals) * weight, 100n * MILLION * scale, decimals));
    return written(units.reduce((a, b) => a + b, 0n), decimals);
  }

  #atTheEnd(parts, decimals) {
    let [numerator, denominator] = [0n, 1n];
    for (const [value, divisor, weight] of parts) {
      const below = divisor * 100n * MILLION;
      numerator = numerator * below + value * weight * denominator;
      denominator *= below;
    }
    return rounded(numerator, denominator, decimals);
  }
}

// ------------------------------------------------------------------------------------- one list

const OUTCOMES = ["absent", "disqualified", "withdrawn", "rejected"];

/** What a list's lines must say, from their facts. */
class ListCheck {
  constructor(rules, vacancy, heading, lines, seed) {
    Object.assign(this, { rules, vacancy, heading, lines, seed });
    this.codes = rules.list.codes;
    this.groups = rules.list.by_priority ? rules.policy.priority_groups ?? [] : [];
  }

  check() {
    const entries = this.lines.map((line) => this.#entry(line));
    const ranked = entries.filter((entry) => entry.gate === "ranked");
    this.#checkOrders(ranked);
    const groups = this.#ranked(ranked);
    this.#checkDecided(groups);
    this.#checkPlaces(entries);
    for (const entry of entries) this.#checkLine(entry);
    this.#checkDigest();
  }

  /** The points, gate and score of a line. */
  #entry({ leaf, where }) {
    const entry = { leaf, where, rank: null, equals: 1, score: null };
    entry.gate = OUTCOMES.find((name) => this.codes[name] === leaf.code) ?? "scored";
    entry.points = this.#points(entry);
    this.#checkPriority(entry);
    if (entry.gate !== "scored") return entry;
    entry.gate = this.#isBelow(entry) ? "below" : "ranked";
    if (entry.gate === "below") return entry;
    entry.score = this.rules.shows ? this.rules.score(entry.points) : leaf.score;
    if (!this.rules.shows) this.#checkHiddenScore(entry);
    return entry;
  }

  #isBelow({ leaf, points }) {
    return this.rules.shows ? this.rules.isBelow(points) : leaf.code === this.codes.below;
  }

  #checkHiddenScore({ leaf, where }) {
    const { decimals } = this.rules.list.score;
    const digits = leaf.score?.split(".")[1]?.length ?? 0;
    if (leaf.score === null || digits !== decimals || /^0[0-9]/.test(leaf.score)) {
      throw new Fault({ ...where, field: "score" }, "shape",
        { expected: `a score with ${decimals} digits after the point` });
    }
  }

  /** Points in millionths by component: those that the list shows, and no others. */
  #points({ leaf, where, gate }) {
    const shows = gate === "scored" && this.rules.shows;
    const expected = shows ? this.rules.components.map((component) => component.code) : [];
    differ(where, "points", expected.toSorted().join(" "), Object.keys(leaf.points).join(" "));
    const points = new Map();
    for (const component of shows ? this.rules.components : []) {
      points.set(component.code, this.#counted(component, leaf.points[component.code], where));
    }
    return points;
  }

  #counted(component, published, where) {
    const value = millionths(published);
    const most = this.rules.bound.get(component.code);
    if (value > most || value % millionths(component.step)) {
      const values = { published, expected: written(most, 6) };
      throw new Fault({ ...where, field: `points.${component.code}` }, "points", values);
    }
    if (!this.rules.isStep(component, value)) {
      throw new Fault({ ...where, field: `points.${component.code}` }, "step", { published });
    }
    return value;
  }

  #checkPriority({ leaf, where }) {
    if (leaf.priority === null || this.groups.some((group) => group.code === leaf.priority)) return;
    differ(where, "priority", null, leaf.priority);
  }

  /** What everyone sees of a place: greater goes first; null, the unknown, last. */
  #seen(entry) {
    const { rules } = this;
    const at = this.groups.findIndex((group) => group.code === entry.leaf.priority);
    return [
      this.groups.length ? (at < 0 ? null : BigInt(-at)) : null,
      millionths(entry.score),
      ...rules.visible.map((tie) => {
        const value = rules.value(tie.by, entry.points);
        return value !== null && tie.order === "lowest-first" ? -value : value;
      }),
    ];
  }

  /** `order` and `commitment` stand where a hidden fact decides, and nowhere else. */
  #checkOrders(ranked) {
    for (const entry of ranked) {
      entry.seen = this.#seen(entry);
      entry.together = entry.seen.join(" ");
    }
    const together = grouped(ranked, (entry) => entry.together);
    for (const group of together.values()) {
      const ordered = this.rules.hides && group.length > 1;
      for (const entry of group) entry.ordered = ordered;
      if (ordered) this.#checkOrder(group);
      else for (const { leaf, where } of group) differ(where, "order", null, leaf.order);
    }
  }

  #checkOrder(group) {
    for (const { leaf, where } of group) {
      if (leaf.order === null) differ(where, "order", "1 …", null);
    }
    const places = [...new Set(group.map(({ leaf }) => leaf.order))].sort((a, b) => a - b);
    places.forEach((place, at) => {
      const { where } = group.find(({ leaf }) => leaf.order === place);
      differ(where, "order", at + 1, place);
    });
  }

  /** Orders the ranked, and gives each the rank; the groups of equals. */
  #ranked(ranked) {
    const { decided } = this.heading.leaf;
    for (const entry of ranked) {
      entry.lot = hex(sha256(utf8(`${this.seed}/${entry.leaf.participant_no}`)));
    }
    ranked.sort((a, b) => compared(a.seen, b.seen) || a.leaf.order - b.leaf.order);
    const same = (entry) => `${entry.together}/${entry.leaf.order}`;
    const groups = [...grouped(ranked, same).values()];
    let rank = 1;
    for (const group of groups) {
      const counts = group.length > 1
        && group.every(({ leaf }) => Object.hasOwn(decided, leaf.participant_no));
      const place = ({ leaf, lot }) => (counts ? decided[leaf.participant_no] : lot);
      group.sort((a, b) => (place(a) < place(b) ? -1 : 1));
      group.forEach((entry, at) => {
        entry.rank = counts ? rank + at : rank;
        entry.equals = counts ? 1 : group.length;
      });
      rank += group.length;
    }
    this.ranked = groups.flat();
    return groups;
  }

  /** An officer's order is one of all who are equal, where the policy lets an officer choose. */
  #checkDecided(groups) {
    const { leaf, where } = this.heading;
    const named = new Set(Object.keys(leaf.decided));
    const at = { ...where, field: "decided" };
    if (!named.size) return;
    const { cut } = this.rules.list;
    if (cut?.equals_at_the_limit !== "officer-decides") throw new Fault(at, "choose");
    for (const group of groups) {
      const places = group.map((entry) => leaf.decided[entry.leaf.participant_no])
        .filter((place) => place !== undefined).sort((a, b) => a - b);
      if (!places.length) continue;
      const all = group.length > 1 && places.length === group.length;
      const isGapless = places.every((place, index) => place === index + 1);
      if (!all || !isGapless) throw new Fault(at, "decided");
      for (const entry of group) named.delete(entry.leaf.participant_no);
    }
    if (named.size) throw new Fault(at, "decided");
  }

  /** The ranked in their order, then the others, each by participant number. */
  #checkPlaces(entries) {
    const others = ["below", ...OUTCOMES].flatMap((gate) =>
      entries.filter((entry) => entry.gate === gate)
        .sort((a, b) => (a.leaf.participant_no < b.leaf.participant_no ? -1 : 1)));
    [...this.ranked, ...others].forEach((entry, at) => {
      const { leaf, where } = entries[at];
      differ(where, "participant_no", entry.leaf.participant_no, leaf.participant_no);
      differ(where, "place", at + 1, leaf.place);
    });
  }

  #checkLine(entry) {
    const { leaf, where, ordered, gate } = entry;
    for (const name of ["rank", "equals", "score"]) differ(where, name, entry[name], leaf[name]);
    differ(where, "code", this.#code(entry), leaf.code);
    if (gate !== "ranked") {
      for (const name of ["order", "priority"]) differ(where, name, null, leaf[name]);
    }
    const scored = gate === "ranked" || gate === "below";
    const committed = ordered || (scored && (!this.rules.shows || this.rules.ofFacts));
    if (committed !== (leaf.commitment !== null)) {
      differ(where, "commitment", committed ? "SHA-256" : null, leaf.commitment);
    }
  }

  #code(entry) {
    if (entry.gate !== "ranked") return this.codes[entry.gate];
    const group = this.groups.find(({ code }) => code === entry.leaf.priority);
    const own = group?.result_code;
    if (this.#fits(entry)) return own ? `${own}/${this.codes.within}` : this.codes.within;
    return own ?? this.codes.passed;
  }

  /** Whether a ranked line is within the cut. */
  #fits({ rank, equals, where }) {
    const { cut } = this.rules.list;
    if (!cut) return true;
    const limit = cut.multiple * this.vacancy.leaf.seats;
    if (cut.equals_at_the_limit === "all-admitted") return rank <= limit;
    if (rank <= limit && rank + equals - 1 > limit) {
      throw new Fault({ ...where, field: "code" }, "undecided", { published: equals });
    }
    return rank <= limit;
  }

  #checkDigest() {
    const texts = this.lines.map(({ leaf }) => leaf)
      .sort((a, b) => (a.participant_no < b.participant_no ? -1 : 1))
      .map((leaf) =>
        `${leaf.participant_no},${leaf.rank ?? ""},${leaf.score ?? ""},${leaf.code}\n`);
    differ(this.heading.where, "digest", hex(sha256(utf8(texts.join("")))),
      this.heading.leaf.digest);
  }

  /** Those whom this list lets go on. */
  admitted() {
    return new Set(this.ranked.filter((entry) => this.#fits(entry))
      .map(({ leaf }) => leaf.participant_no));
  }
}

function grouped(items, key) {
  const groups = new Map();
  for (const item of items) {
    const name = key(item);
    if (groups.has(name)) groups.get(name).push(item);
    else groups.set(name, [item]);
  }
  return groups;
}

/** Greater first, the unknown last. */
function compared(left, right) {
  for (let at = 0; at < left.length; at += 1) {
    const [a, b] = [left[at], right[at]];
    if (a !== b) return a === null ? 1 : b === null ? -1 : a > b ? -1 : 1;
  }
  return 0;
}

// ---------------------------------------------------------------------------------- one vacancy

/** Checks a vacancy's leaves, one after the other; adds to `found` what they say. */
class VacancyCheck {
  constructor(context, leaves) {
    Object.assign(this, context);
    this.leaves = leaves;
    this.at = 0;
    this.vacancy = leaves[0];
  }

  check() {
    this.#checkHeading();
    if (this.head.format === "terang-list-2") this.#readApplicants();
    this.lists = new Map();
    for (const list of this.policy.lists) this.#checkList(list);
    if (this.applicants) this.#checkOutcomes();
    if (this.leaves[this.at]?.leaf.kind === "seating") this.#takeSeating();
    if (this.at < this.leaves.length) this.#unexpected("the next vacancy");
  }

  #checkHeading() {
    const { leaf, where } = this.vacancy;
    if (leaf.kind !== "vacancy") this.#unexpected("vacancy");
    if (leaf.number <= this.state.number) {
      throw new Fault({ ...where, field: "number" }, "twice", { published: leaf.number });
    }
    if (this.state.ids.has(leaf.vacancy_id)) {
      throw new Fault({ ...where, field: "vacancy_id" }, "twice", { published: leaf.vacancy_id });
    }
    if (!Object.hasOwn(this.policy.needs, leaf.need)) {
      throw new Fault({ ...where, field: "need" }, "shape",
        { expected: Object.keys(this.policy.needs).join(" / ") });
    }
    this.state.number = leaf.number;
    this.state.ids.add(leaf.vacancy_id);
    this.state.seats += leaf.seats;
    this.at = 1;
  }

  #unexpected(expected) {
    const item = this.leaves[this.at] ?? this.leaves.at(-1);
    const published = this.leaves[this.at] ? item.leaf.kind : "–";
    throw new Fault({ ...item.where, field: "kind" }, "leaf", { expected, published });
  }

  /** The next leaf, which must be of this kind. */
  #take(name) {
    const item = this.leaves[this.at];
    if (item?.leaf.kind !== name) this.#unexpected(name);
    differ(item.where, "vacancy_id", this.vacancy.leaf.vacancy_id, item.leaf.vacancy_id);
    this.at += 1;
    return item;
  }

  #readApplicants() {
    const { leaf } = this.#take("administration");
    this.applicants = new Map();
    const prefix = String(this.vacancy.leaf.number).padStart(4, "0");
    for (let count = 1; count <= leaf.submitted; count += 1) {
      const expected = `${prefix}-${String(count).padStart(6, "0")}`;
      const next = this.leaves[this.at];
      if (next?.leaf.kind !== "applicant") this.#unexpected(`applicant ${expected}`);
      const item = this.#take("applicant");
      differ(item.where, "participant_no", expected, item.leaf.participant_no);
      this.applicants.set(expected, item);
      this.found.applicants[item.leaf.outcome] += 1;
    }
  }

  #checkList(list) {
    const heading = this.#take("list");
    differ(heading.where, "list", list.code, heading.leaf.list);
    this.#checkTime(heading);
    const lines = [];
    const seen = new Set();
    while (this.leaves[this.at]?.leaf.kind === "line") {
      const line = this.#take("line");
      differ(line.where, "list", list.code, line.leaf.list);
      this.#checkNumber(line, seen, list);
      lines.push(line);
    }
    const rules = this.rulesOf(list.code, this.vacancy.leaf.need);
    const check = new ListCheck(rules, this.vacancy, heading, lines, this.head.seed);
    this.#checkMembers(list, lines, heading);
    check.check();
    this.lists.set(list.code, { lines, admitted: check.admitted() });
    this.state.lines += lines.length;
  }

  #checkTime({ leaf, where }) {
    const at = { ...where, field: "closed_at" };
    const values = { published: leaf.closed_at };
    if (later(leaf.closed_at, this.head.proposed_at)) {
      throw new Fault(at, "after", { ...values, expected: this.head.proposed_at });
    }
    if (this.begins && later(this.begins, leaf.closed_at)) {
      throw new Fault(at, "before", { ...values, expected: this.begins });
    }
  }

  #checkNumber({ leaf, where }, seen, list) {
    const at = { ...where, field: "participant_no" };
    const name = leaf.participant_no;
    if (seen.has(name)) throw new Fault(at, "twice", { published: name });
    seen.add(name);
    if (this.applicants || list !== this.policy.lists[0]) return;
    if (this.state.people.has(name)) throw new Fault(at, "twice", { published: name });
    this.state.people.add(name);
  }

  /** The first list holds nobody who did not apply; a later one exactly whom its list admitted. */
  #checkMembers(list, lines, heading) {
    if (!list.after) {
      if (!this.applicants) return;
      const stranger = lines.find(({ leaf }) => !this.applicants.has(leaf.participant_no));
      if (stranger) throw new Fault(stranger.where, "applied");
      return;
    }
    const admitted = new Set(this.lists.get(list.after).admitted);
    for (const { leaf, where } of lines) {
      if (!admitted.delete(leaf.participant_no)) throw new Fault(where, "admitted");
    }
    for (const participant of admitted) {
      throw new Fault({ ...heading.where, participant }, "absent");
    }
  }

  /** What an applicant's outcome and the line on the first list say is the same. */
  #checkOutcomes() {
    const { code, codes: named } = this.policy.lists[0];
    const onFirst = new Map(this.lists.get(code).lines
      .map(({ leaf }) => [leaf.participant_no, leaf.code]));
    for (const [name, { leaf, where }] of this.applicants) {
      const line = onFirst.get(name);
      const says = line === named.rejected ? "TMS" : line === named.withdrawn ? "APS" : "MS";
      const agrees = line === undefined ? leaf.outcome !== "MS" : leaf.outcome === says;
      if (!agrees) {
        throw new Fault({ ...where, field: "outcome" }, "outcome",
          { published: leaf.outcome, expected: line ?? "–" });
      }
      const committed = leaf.outcome === "TMS";
      if (committed !== (leaf.commitment !== null)) {
        differ(where, "commitment", committed ? "SHA-256" : null, leaf.commitment);
      }
    }
  }

  #takeSeating() {
    this.#take("seating");
    this.found.seatings += 1;
  }
}

/** Whether a time is after another; both as they are written, with or without microseconds. */
function later(one, other) {
  const long = (value) => (value.length === 20 ? `${value.slice(0, 19)}.000000Z` : value);
  return long(one) > long(other);
}

// ------------------------------------------------------------------------------------ the tree

/** The root of the Merkle tree over leaves that come one by one (RFC 9162). */
class Tree {
  #stack = [];

  add(bytes) {
    let node = { height: 0, hash: sha256(Uint8Array.of(0), bytes) };
    while (this.#stack.at(-1)?.height === node.height) node = over(this.#stack.pop(), node);
    this.#stack.push(node);
  }

  root() {
    if (!this.#stack.length) return hex(sha256());
    return hex(this.#stack.reduceRight((right, left) => over(left, right)).hash);
  }
}

function over(left, right) {
  return { height: left.height + 1, hash: sha256(Uint8Array.of(1), left.hash, right.hash) };
}

/** The root that an inclusion path leads to (RFC 9162, 2.1.3.2); null where it can't be one. */
function rootOf(leaf, index, size, path) {
  let [at, last, node] = [index, size - 1, sha256(Uint8Array.of(0), leaf)];
  for (const sibling of path.map(unhex)) {
    if (last === 0) return null;
    if (at % 2 || at === last) {
      node = sha256(Uint8Array.of(1), sibling, node);
      while (at % 2 === 0 && at !== 0) [at, last] = [at / 2, Math.floor(last / 2)];
    } else {
      node = sha256(Uint8Array.of(1), node, sibling);
    }
    [at, last] = [Math.floor(at / 2), Math.floor(last / 2)];
  }
  return last === 0 ? hex(node) : null;
}

// -------------------------------------------------------------------------- what the caller says

/** The policies that come with the program: id, version, SHA-256. */
const KNOWN = [
  ["local-jambi", "1", "ba6bf7d43e53a680bf62086afe302dd1b8bffca2610ea47fb2a6a3f0ddbaef46"],
  ["local-kasemen", "1", "47d412f1fce1c06564d5424251af0299c8076c8196686ed6678e316f0cc99df3"],
  ["local-medan", "2", "f10277866709ce96062abde552f46c1c41108b2788dbf584b41d15cbc967695c"],
  ["local-senapelan", "2", "1359a9b6da0cdcdadf8805f8540cd7a4c7db733a4bc1b3b7f32e8e600432c281"],
  ["local-tenayan-raya", "1", "d3de0a498731dc020a58f6304968de043350ab9de09e4c6b5f7e832a2baa9433"],
  ["national-cpns-2024", "2", "abf68adf19c721f6bbd993262787edfa5f2c6cac29e0ffedf0ddf81a358c0243"],
  ["national-pppk-2024", "2", "3b520d6058020ef9cdd24be5054ca31724ea2665e3a684fd0468b8e221e9574c"],
];

/** The key in a PEM file: its 32 bytes and its id (RFC 7638). Raises Fault. */
export function keyOf(pem) {
  const found = /-----BEGIN PUBLIC KEY-----([A-Za-z0-9+/=\s]+)-----END PUBLIC KEY-----/.exec(pem);
  let der = "";
  try {
    der = atob((found?.[1] ?? "").replace(/\s/g, ""));
  } catch {
    der = "";
  }
  const bytes = Uint8Array.from(der, (sign) => sign.charCodeAt(0));
  if (bytes.length !== 44 || hex(bytes.subarray(0, 12)) !== "302a300506032b6570032100") {
    throw new Fault({}, "no-key");
  }
  const key = bytes.subarray(12);
  const x = btoa(String.fromCharCode(...key)).replaceAll("+", "-").replaceAll("/", "_")
    .replaceAll("=", "");
  return { bytes: key, id: hex(sha256(utf8(`{"crv":"Ed25519","kty":"OKP","x":"${x}"}`))) };
}

/** The round's law, from a SHA-256, the name of a policy that is known here, or a JSON text: a
 * policy or the event RoundOpened. null where it is none of these. */
export function lawOf(said) {
  const known = KNOWN.find(([id]) => id === said);
  if (known) return { policy_hash: known[2] };
  if (/^[0-9a-f]{64}$/.test(said)) return { policy_hash: said };
  let value;
  try {
    value = JSON.parse(said);
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const opened = isObject(value.data) ? value.data : value;
  if (typeof opened.policy_hash === "string") return isOpening(opened) ? opened : null;
  return Array.isArray(value.lists) ? { policy_hash: hex(sha256(utf8(canonical(value)))) } : null;
}

function isOpening(value) {
  return ["policy_hash", "seed"].every((name) => /^[0-9a-f]{64}$/.test(value[name]))
    && Number.isSafeInteger(value.decreed_seats) && isObject(value.policy)
    && TIME.test(value.calendar?.registration_opens);
}

function checkLaw(head, law) {
  const where = { line: 2, list: null };
  const values = { published: head.policy_hash };
  const known = KNOWN.find(([id, version]) =>
    id === head.policy_id && version === head.policy_version);
  for (const expected of [known?.[2], law?.policy_hash]) {
    if (expected && expected !== head.policy_hash) {
      throw new Fault({ ...where, field: "head.policy_hash" }, "law", { ...values, expected });
    }
  }
  for (const name of ["round_id", "seed", "decreed_seats"]) {
    if (law && Object.hasOwn(law, name)) differ(where, `head.${name}`, law[name], head[name]);
  }
}

// ------------------------------------------------------------------------------- reading a file

const LONGEST = 16_000_000;
const FEED = 10;

/** The lines of a file that comes in pieces, without their line feeds. Raises Fault. */
async function* linesOf(chunks) {
  let rest = [];
  let count = 1;
  for await (const chunk of chunks) {
    let from = 0;
    for (let at = chunk.indexOf(FEED); at >= 0; at = chunk.indexOf(FEED, from)) {
      yield joined([...rest, chunk.subarray(from, at)]);
      rest = [];
      count += 1;
      from = at + 1;
    }
    rest.push(chunk.subarray(from));
    if (rest.reduce((sum, part) => sum + part.length, 0) > LONGEST) {
      throw new Fault({ line: count }, "long");
    }
  }
  const last = joined(rest);
  if (last.length) yield last;
  else yield null; // the file ends with a line feed, as it must
}

function joined(parts) {
  if (parts.length === 1) return parts[0];
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Reads line after line, and knows at which it is. */
class Reader {
  #lines;

  constructor(chunks) {
    this.#lines = linesOf(chunks);
    this.line = 0;
  }

  async next() {
    const { value, done } = await this.#lines.next();
    this.line += 1;
    if (done || value === null) throw new Fault({ line: this.line }, "layout");
    return value;
  }

  /** The text of a line that begins and ends like this. */
  async between(before, after) {
    const where = { line: this.line + 1 };
    const line = decoded(await this.next(), where);
    if (!line.startsWith(before) || !line.endsWith(after)
      || line.length < before.length + after.length) {
      throw new Fault(where, "layout");
    }
    return line.slice(before.length, line.length - after.length);
  }

  async end() {
    const { value } = await this.#lines.next();
    this.line += 1;
    if (value !== null) throw new Fault({ line: this.line }, "layout");
  }

  /** The items of an array that stand on a line each, up to a line that closes it. */
  async *items(closing) {
    for (let more = true, first = true; more; first = false) {
      const bytes = await this.next();
      const where = { line: this.line };
      if (first && decoded(bytes, where) === closing) return;
      more = bytes.at(-1) === 44; // a comma
      yield { bytes: more ? bytes.subarray(0, -1) : bytes, where };
    }
    if (decoded(await this.next(), { line: this.line }) !== closing) {
      throw new Fault({ line: this.line }, "layout");
    }
  }
}

/** Head, signature and format, once the signature is checked. */
async function readHead(reader, key) {
  const format = parsed(await reader.between('{"format":', ","), { line: 1 });
  const formats = ["terang-list-1", "terang-list-2", "terang-receipt-1", "terang-receipt-2"];
  among(...formats)(format, { line: 1, field: "format" });
  const headText = await reader.between('"head":', ",");
  const head = parsed(headText, { line: 2 });
  HEAD(head, { line: 2, field: "head" });
  const signature = parsed(await reader.between('"signature":', ","), { line: 3 });
  like(/^[0-9a-f]{128}$/)(signature, { line: 3, field: "signature" });
  differ({ line: 2 }, "head.format", format.replace("receipt", "list"), head.format);
  if (head.key_id !== key.id) {
    throw new Fault({ line: 2, field: "head.key_id" }, "key", { published: head.key_id });
  }
  if (!accepts(key.bytes, unhex(signature), utf8(`${head.format}\n${headText}`))) {
    throw new Fault({ line: 3, field: "signature" }, "signature");
  }
  checkVersion(head);
  checkTimes(head);
  return { head, format };
}

/** Only the first version follows none. */
function checkVersion(head) {
  if ((head.previous === null) !== (head.version === 1)) {
    const expected = head.version === 1 ? "null" : "SHA-256";
    const values = { expected, published: head.previous };
    throw new Fault({ line: 2, field: "head.previous" }, "expected", values);
  }
}

function checkTimes(head) {
  if (later(head.proposed_at, head.published_at)) {
    throw new Fault({ line: 2, field: "head.published_at" }, "before",
      { published: head.published_at, expected: head.proposed_at });
  }
}

function checkPolicy(head, policyText) {
  const where = { line: 4, field: "policy" };
  differ({ line: 2 }, "head.policy_hash", hex(sha256(utf8(policyText))), head.policy_hash);
  const policy = parsed(policyText, { line: 4 });
  POLICY(policy, where);
  checkParts(policy, where);
  differ({ line: 2 }, "head.policy_id", policy.id, head.policy_id);
  differ({ line: 2 }, "head.policy_version", policy.version, head.policy_version);
  return policy;
}

// ------------------------------------------------------------------------------------- a list

class ListReader {
  constructor(head, policy, law, options) {
    this.state = { number: -Infinity, ids: new Set(), people: new Set(), seats: 0, lines: 0 };
    this.found = { applicants: { MS: 0, TMS: 0, APS: 0 }, seatings: 0, own: [] };
    this.rules = new Map();
    this.tree = new Tree();
    this.counts = { vacancies: 0, leaves: 0 };
    this.participant = options.participant;
    this.context = {
      head, policy, state: this.state, found: this.found,
      begins: law?.calendar?.registration_opens,
      rulesOf: (code, need) => this.rulesOf(code, need),
    };
  }

  rulesOf(code, need) {
    const name = `${code} ${need}`;
    if (!this.rules.has(name)) this.rules.set(name, new Rules(this.context.policy, code, need));
    return this.rules.get(name);
  }

  async read(reader, progress) {
    let leaves = [];
    for await (const { bytes, where } of reader.items("]}")) {
      const leaf = parsed(decoded(bytes, where), where);
      checkLeaf(leaf, where);
      if (leaf.kind === "vacancy" && leaves.length) {
        this.#check(leaves);
        leaves = [];
      }
      leaves.push({ leaf, where: placeOf(leaf, where) });
      this.tree.add(bytes);
      this.counts.leaves += 1;
      if (this.participant && leaf.participant_no === this.participant) this.found.own.push(leaf);
      if (this.counts.leaves % 2000 === 0) await progress(reader.line);
    }
    if (leaves.length) this.#check(leaves);
    await reader.end();
    this.#checkHead();
  }

  #check(leaves) {
    this.counts.vacancies += 1;
    new VacancyCheck(this.context, leaves).check();
  }

  #checkHead() {
    const { head } = this.context;
    const where = { line: 2 };
    differ(where, "head.vacancies", this.counts.vacancies, head.vacancies);
    differ(where, "head.lines", this.state.lines, head.lines);
    differ(where, "head.leaves", this.counts.leaves, head.leaves);
    differ(where, "head.decreed_seats", this.state.seats, head.decreed_seats);
    if (this.tree.root() !== head.root) throw new Fault({ ...where, field: "head.root" }, "root");
  }
}

function placeOf(leaf, where) {
  return { ...where, participant: leaf.participant_no, list: leaf.list };
}

async function verifyList(reader, head, law, options) {
  const policy = checkPolicy(head, await reader.between('"policy":', ","));
  checkLaw(head, law);
  await reader.between('"leaves":[', "");
  const list = new ListReader(head, policy, law, options);
  await list.read(reader, options.progress);
  const status = law && !list.found.seatings ? 0 : 3;
  return { status, kind: "list", head, policy, named: Boolean(law), ...list.found };
}

// ----------------------------------------------------------------------------------- a receipt

const PROOF = record({ index: integer, leaf: kind("an object", isObject), path: sequence(hash) });
const OPENING = record({
  vacancy_id: text, list: text, participant_no: number, salt: hash,
  facts: mapping(text, kind("a text, an integer or null", (value) =>
    value === null || typeof value === "string" || Number.isSafeInteger(value))),
});

async function verifyReceipt(reader, head, law) {
  await reader.between('"leaves":[', "");
  const proofs = [];
  for await (const { bytes, where } of reader.items("],")) {
    const proof = parsed(decoded(bytes, where), where);
    PROOF(proof, where);
    checkLeaf(proof.leaf, inside(where, "leaf"));
    checkProof(proof, head, where);
    proofs.push({ ...proof, where });
  }
  await reader.between('"openings":[', "");
  const openings = [];
  for await (const { bytes, where } of reader.items("]}")) {
    const opening = parsed(decoded(bytes, where), where);
    OPENING(opening, where);
    openings.push({ opening, where });
  }
  await reader.end();
  const own = checkCandidate(proofs);
  for (const { opening, where } of openings) checkOpening(opening, own, where);
  checkLaw(head, law);
  return { status: 0, kind: "receipt", head, own, openings: openings.map((one) => one.opening) };
}

function checkProof({ index, leaf, path }, head, where) {
  const fits = index >= 0 && index < head.leaves;
  if (!fits || rootOf(utf8(canonical(leaf)), index, head.leaves, path) !== head.root) {
    throw new Fault(placeOf(leaf, where), "path");
  }
}

/** The leaves of the one candidate whom a receipt is about. */
function checkCandidate(proofs) {
  const own = proofs.filter(({ leaf }) => leaf.kind === "applicant" || leaf.kind === "line");
  if (!own.length) throw new Fault({}, "one");
  const { vacancy_id: vacancy, participant_no: name } = own[0].leaf;
  const seen = new Set();
  for (const { leaf, index, where } of proofs) {
    const mine = leaf.participant_no === undefined || leaf.participant_no === name;
    const here = leaf.vacancy_id === vacancy || leaf.kind === "seating";
    const of = leaf.kind === "line" ? `line ${leaf.list}` : index;
    const again = seen.has(of) || seen.has(index);
    if (!mine || !here || again) throw new Fault(placeOf(leaf, where), "one");
    seen.add(of).add(index);
    if (leaf.kind === "seating") checkNamed(leaf, vacancy, name, where);
  }
  return own.map(({ leaf }) => leaf);
}

function checkNamed(leaf, vacancy, name, where) {
  const offered = leaf.offers.some((offer) =>
    offer.participant_no === name && offer.applied_for === vacancy);
  const own = leaf.vacancy_id === vacancy
    && (Object.hasOwn(leaf.gave_up, name) || leaf.not_asked.includes(name));
  if (!offered && !own) throw new Fault(where, "seating", { expected: name });
}

function checkOpening(opening, own, where) {
  const { facts, list, participant_no, vacancy_id, salt: secret } = opening;
  const committed = hex(sha256(utf8(
    `terang-commitment-1\n${canonical({ facts, list, participant_no, vacancy_id, salt: secret })}`,
  )));
  const line = own.find((leaf) => (leaf.list ?? "administration") === list
    && leaf.participant_no === participant_no && leaf.vacancy_id === vacancy_id);
  if (line?.commitment !== committed) throw new Fault(where, "opening");
}

// ------------------------------------------------------------------------------------ the whole

/** Checks a file that comes in pieces (async iterable of Uint8Array).
 *
 * `key` as `keyOf` makes it; `law` as `lawOf` makes it, or null. `options.participant`: a number
 * whose leaves are kept; `options.progress(line)`: awaited now and then. Gives `status` (0, 1, 3),
 * and a `fault` or what was found.
 */
export async function verify(chunks, key, law = null, options = {}) {
  const reader = new Reader(chunks);
  try {
    const { head, format } = await readHead(reader, key);
    const settings = { progress: async () => {}, ...options };
    return format.startsWith("terang-list")
      ? await verifyList(reader, head, law, settings)
      : await verifyReceipt(reader, head, law);
  } catch (fault) {
    if (fault instanceof Fault) return { status: 1, fault };
    if (fault instanceof RangeError) return { status: 1, fault: new Fault({}, "json") };
    throw fault;
  }
}

// ----------------------------------------------------------------------------------- under node

const USAGE = `node verify.mjs FILE --key PEM [--policy ID|JSON-FILE] [--policy-hash SHA-256]
  [--round-opened JSON-FILE]
node verify.mjs --batch --key PEM   a case on each line of the standard input, as JSON:
  {"file": …, "policy": …}; its verdict on each line of the standard output`;

class NotChecked extends Error {}

function commandLine(words) {
  const said = { files: [] };
  for (let at = 0; at < words.length; at += 1) {
    const option = /^--(key|policy|policy-hash|round-opened|batch)$/.exec(words[at])?.[1];
    if (option === "batch") said.batch = true;
    else if (option) said[option] = words[at += 1];
    else said.files.push(words[at]);
  }
  const wanted = said.batch ? 0 : 1;
  if (said.key === undefined || said.files.length !== wanted
    || said.files.some((file) => file.startsWith("--"))) throw new NotChecked(USAGE);
  return said;
}

/** What the command line says of the law. */
function lawSaid(said, read) {
  const name = said["policy-hash"] ?? said.policy ?? said["round-opened"];
  if (name === undefined) return null;
  const isNamed = said["policy-hash"] !== undefined || KNOWN.some(([id]) => id === name);
  const law = lawOf(isNamed ? name : read(name));
  if (law === null) throw new NotChecked(`${name}: no policy and no RoundOpened`);
  return law;
}

function report(verdict, file) {
  if (verdict.status === 1) return [`${file}: ${verdict.fault.told("en")}`];
  const { head } = verdict;
  const title = shown(`${head.round_id} (${head.round_name}), version ${head.version}, `
    + `published ${head.published_at}`);
  const policy = shown(`${head.policy_id} ${head.policy_version}, SHA-256 ${head.policy_hash}`);
  if (verdict.kind === "receipt") {
    return [`The receipt is genuine: these lines stand on the list of ${title}.`,
      `Policy: ${policy}`];
  }
  const said = [
    `The list of ${title}, was signed with this key and follows from its facts under `
      + `${verdict.named ? "the round's policy" : "its own rules"}.`,
    `Policy: ${policy}`,
  ];
  if (!verdict.named) said.push("Nobody said that these rules are the round's: --policy.");
  if (verdict.seatings) {
    said.push(`The seats of ${verdict.seatings} vacancies (optimalisasi) were NOT CHECKED: `
      + "terang verify does.");
  }
  return said;
}

async function main(words) {
  const fs = await import("node:fs");
  const read = (path) => {
    try {
      return fs.readFileSync(path, "utf8");
    } catch (error) {
      throw new NotChecked(error.message);
    }
  };
  const said = commandLine(words);
  const key = keyOf(read(said.key));
  if (said.batch) return batch(key, fs);
  const [file] = said.files;
  if (!fs.existsSync(file)) throw new NotChecked(`${file}: not there`);
  const verdict = await verify(fs.createReadStream(file), key, lawSaid(said, read));
  const say = verdict.status ? console.error : console.log;
  report(verdict, file).forEach((line) => say(line));
  return verdict.status;
}

async function batch(key, fs) {
  const { createInterface } = await import("node:readline");
  for await (const line of createInterface({ input: process.stdin })) {
    const { file, policy } = JSON.parse(line);
    const law = policy ? lawOf(policy) : null;
    const verdict = await verify([fs.readFileSync(file)], key, law);
    const fault = verdict.fault;
    console.log(JSON.stringify({
      status: verdict.status,
      line: fault?.where.line ?? null,
      says: fault?.told("en") ?? null,
    }));
  }
  return 0;
}

async function run() {
  try {
    process.exitCode = await main(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof NotChecked || error instanceof Fault)) throw error;
    console.error(error instanceof Fault ? error.told("en") : error.message);
    process.exitCode = error instanceof Fault ? 1 : 2;
  }
}

if (typeof process !== "undefined" && process.argv?.[1]
  && import.meta.url === (await import("node:url")).pathToFileURL(
    (await import("node:fs")).realpathSync(process.argv[1])).href) {
  await run();
}
