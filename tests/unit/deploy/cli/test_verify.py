"""`terang verify` and `terang keys` as a person runs them."""

import json
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from typer.testing import CliRunner
from typer.testing import Result as Ran

from deploy.cli.main import app
from services.ranking.merit.domain.candidate import Candidate, Outcome, StageResult
from services.ranking.proofs.domain.leaves import Leaf, LineLeaf, ListLeaf
from services.ranking.proofs.domain.list_file import ListFile
from services.ranking.proofs.domain.reading import read
from services.ranking.proofs.domain.receipt_file import Receipt, write_receipt
from services.ranking.publication.storage.signing import SigningKey
from shared.policies import Policy, load
from tests.unit.services.ranking.published import SEED, Vacancy, as_file, composed, signed


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A key, its public half, and a list that was signed with it."""
    made = CliRunner().invoke(app, ["keys", "make", str(tmp_path / "key.pem")])
    assert made.exit_code == 0, made.output
    public = CliRunner().invoke(app, ["keys", "public", str(tmp_path / "key.pem")])
    (tmp_path / "public.pem").write_text(public.stdout)
    policy = load("national-cpns-2024")
    points = {"TWK": Decimal(100), "TIU": Decimal(100), "TKP": Decimal(200)}
    results = {
        "skd": StageResult(Outcome.SCORED, points),
        "skb": StageResult(Outcome.SCORED, {"SKB": Decimal(80)}),
    }
    leaves, _ = composed(
        policy, [Vacancy("UMUM", 1, [Candidate("0001-000001", verified=True, results=results)])]
    )
    key = SigningKey.of(str(tmp_path / "key.pem"))
    (tmp_path / "list.json").write_bytes(as_file(signed(policy.as_json(), leaves, key)))
    return tmp_path


LAW = ("--policy", "national-cpns-2024")


def verify(
    folder: Path, name: str = "list.json", key: str = "public.pem", law: Sequence[str] = LAW
) -> Ran:
    """`terang verify` as a person runs it, who names the law of the round."""
    return CliRunner().invoke(app, ["verify", str(folder / name), "--key", str(folder / key), *law])


def test_a_genuine_list_is_accepted(folder: Path) -> None:
    """Status 0, and what it is that was checked."""
    ran = verify(folder)
    assert ran.exit_code == 0, ran.output
    assert "2 lines of 1 vacancies recomputed under national-cpns-2024" in ran.stdout
    policy = load("national-cpns-2024")
    assert f"Policy: {policy.id} {policy.version}, SHA-256 {policy.hash()}\n" in ran.stdout


def test_a_list_whose_law_nobody_named_follows_from_its_own_rules(folder: Path) -> None:
    """Status 3, and what to do; a receipt ranks nobody and needs no law."""
    ran = verify(folder, law=())
    assert ran.exit_code == 3, ran.output
    assert "follows from its facts under its own rules" in ran.stdout
    assert "genuine" not in ran.stdout
    assert "nobody said that they are the round's. Name the round's policy (--policy)" in ran.stderr


def softened(folder: Path, **named: str) -> None:
    """The list ranked under a policy with softer thresholds, signed with the right key."""
    law = load("national-cpns-2024").as_json() | named
    for stage in law["stages"]:
        for threshold in stage.get("thresholds", ()):
            threshold["minimum"] = "1"
    soft = Policy.model_validate(law)
    skd = StageResult(Outcome.SCORED, {"TWK": Decimal(5), "TIU": Decimal(100), "TKP": Decimal(200)})
    skb = StageResult(Outcome.SCORED, {"SKB": Decimal(80)})
    person = Candidate("0001-000001", verified=True, results={"skd": skd, "skb": skb})
    leaves, _ = composed(soft, [Vacancy("UMUM", 1, [person])])
    key = SigningKey.of(str(folder / "key.pem"))
    (folder / "soft.json").write_bytes(as_file(signed(law, leaves, key)))


def test_softer_thresholds_under_the_name_of_the_law_are_a_fault(folder: Path) -> None:
    """Also where nobody named the law: what comes with the program is known by its hash.

    Under a name of its own such a policy is a fault only against the law that is named.
    """
    softened(folder)
    for law in ((), LAW):
        ran = verify(folder, "soft.json", law=law)
        assert ran.exit_code == 1
        assert "soft.json: head, policy_hash: " in ran.stderr
        assert load("national-cpns-2024").hash() in ran.stderr
    softened(folder, version="1999")
    assert verify(folder, "soft.json", law=()).exit_code == 3
    ran = verify(folder, "soft.json")
    assert ran.exit_code == 1
    assert "the file ranks under another policy" in ran.stderr


def opening(**other: object) -> dict[str, object]:
    """What RoundOpened said of the round."""
    policy = load("national-cpns-2024")
    return {
        "round_id": "cpns-2024",
        "name": "CPNS 2024",
        "policy_id": policy.id,
        "policy_version": policy.version,
        "policy": policy.as_json(),
        "policy_hash": policy.hash(),
        "seed": SEED,
        "decreed_seats": 1,
        "calendar": {
            "registration_opens": "2026-01-01T00:00:00Z",
            "registration_closes": "2026-02-01T00:00:00Z",
        },
    } | other


def test_the_rounds_opening_names_its_law(folder: Path) -> None:
    """The event's data alone, or a CloudEvent that holds them: status 0.

    Another hash, another seed, a list older than the round: faults. What is no opening: status 2.
    """
    path = folder / "opened.json"
    law = ("--round-opened", str(path))
    event = {"specversion": "1.0", "type": "id.go.terang.RoundOpened.v1", "data": opening()}
    for value in (opening(), event):
        path.write_text(json.dumps(value))
        ran = verify(folder, law=law)
        assert ran.exit_code == 0, ran.output
    late = {
        "registration_opens": "2026-10-02T00:00:00Z",
        "registration_closes": "2026-10-03T00:00:00Z",
    }
    for other, says in (
        ({"policy_hash": "00" * 32}, "head, policy_hash"),
        ({"seed": "00" * 32}, "head, seed"),
        ({"decreed_seats": 2}, "head, decreed_seats"),
        ({"calendar": late}, "closed_at: 2026-10-01T02:03:04Z, before registration"),
    ):
        path.write_text(json.dumps(opening(**other)))
        ran = verify(folder, law=law)
        assert ran.exit_code == 1
        assert says in ran.stderr
    for text in ("nothing", "[]", json.dumps({"round_id": "cpns-2024"})):
        path.write_text(text)
        ran = verify(folder, law=law)
        assert ran.exit_code == 2
        assert "opened.json: no RoundOpened: " in ran.stderr


def test_what_would_steer_the_terminal_is_shown(folder: Path) -> None:
    """Of a round's name, of a field's name and of a file's: no control sequence is printed."""
    published = read((folder / "list.json").read_bytes())
    assert isinstance(published, ListFile)
    key = SigningKey.of(str(folder / "key.pem"))
    name = "CPNS\x1b[2J\nThe list is genuine \u202e"
    named = signed(published.policy, published.leaves, key, round_name=name)
    (folder / "named.json").write_bytes(as_file(named))
    ran = verify(folder, "named.json")
    assert ran.exit_code == 0, ran.output
    assert r"CPNS\x1b[2J\nThe list is genuine \u202e" in ran.stdout
    data = (folder / "list.json").read_bytes()
    (folder / "field.json").write_bytes(
        data.replace(b'"decreed_seats"', b'"\\u001b[32mgenuine\\u001b[0m":0,"decreed_seats"', 1)
    )
    (folder / "\x1b[2J.pem").write_text("no key")
    for ran in (verify(folder, "field.json"), verify(folder, key="\x1b[2J.pem")):
        assert ran.exit_code == 1
        assert "\x1b" not in ran.stderr


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({"published_at": "1999-01-01T00:00:00Z"}, "head, published_at: 1999-01-01T00:00:00Z"),
        ({"proposed_at": "2026-09-01T00:00:00Z"}, "closed_at: 2026-10-01T02:03:04Z, after"),
        ({"published_at": "2026-13-41T00:00:00Z"}, "head.published_at"),
        ({"published_at": "2026-11-02T99:00:00Z"}, "head.published_at"),
    ],
)
def test_times_that_cannot_be_are_faults(folder: Path, other: dict[str, str], says: str) -> None:
    """Published before it was proposed, fixed after it, and what is no day or hour."""
    published = read((folder / "list.json").read_bytes())
    assert isinstance(published, ListFile)
    key = SigningKey.of(str(folder / "key.pem"))
    head = published.head.model_copy(update=other)
    forged = replace(published, head=head, signature=key.sign(head.signed()).hex())
    (folder / "list.json").write_bytes(as_file(forged))
    ran = verify(folder)
    assert ran.exit_code == 1
    assert says in ran.stderr


def test_a_number_that_is_none_is_a_fault(folder: Path) -> None:
    """Participant numbers are as the platform gives them, wherever they stand."""
    data = (folder / "list.json").read_bytes()
    (folder / "list.json").write_bytes(data.replace(b"0001-000001", b"0001-00000A"))
    ran = verify(folder)
    assert ran.exit_code == 1
    assert "participant_no: expected a text like" in ran.stderr


def test_everyone_who_moved_can_be_named(folder: Path) -> None:
    """150 people move between two versions: 100 are named, with --all-changes all of them."""
    policy, key = load("national-cpns-2024"), SigningKey.of(str(folder / "key.pem"))
    files = []
    for points in (100, 105):
        skd = {"TWK": Decimal(points), "TIU": Decimal(100), "TKP": Decimal(200)}
        results = {
            "skd": StageResult(Outcome.SCORED, skd),
            "skb": StageResult(Outcome.MISSED, {}),
        }
        people = [
            Candidate(f"0001-{number:06d}", verified=True, results=results)
            for number in range(1, 151)
        ]
        files.append(composed(policy, [Vacancy("KALIMANTAN", 50, people)])[0])
    first = signed(policy.as_json(), files[0], key)
    second = signed(policy.as_json(), files[1], key, version=2, previous=first.head.root)
    (folder / "first.json").write_bytes(as_file(first))
    (folder / "second.json").write_bytes(as_file(second))
    previous = (*LAW, "--previous", str(folder / "first.json"))
    ran = verify(folder, "second.json", law=previous)
    assert ran.exit_code == 0, ran.output
    assert ran.stdout.count(" -> ") == 100
    assert ran.stdout.endswith("… and 50 more: --all-changes names everyone\n")
    ran = verify(folder, "second.json", law=(*previous, "--all-changes"))
    assert ran.stdout.count(" -> ") == 150


def test_the_first_fault_is_named(folder: Path) -> None:
    """Status 1 and one sentence; status 2 for a file or a key that is not there.

    A changed score, a file that is no list, another's key, a file that is no key.
    """
    data = (folder / "list.json").read_bytes()
    (folder / "changed.json").write_bytes(data.replace(b'"77.091"', b'"77.092"'))
    ran = verify(folder, "changed.json")
    assert ran.exit_code == 1
    assert "(list final, 0001-000001), score: expected 77.091, published 77.092" in ran.stderr
    (folder / "none.json").write_text("nothing")
    assert verify(folder, "none.json").exit_code == 1
    (folder / "other.pem").write_text(SigningKey.new().public.pem)
    ran = verify(folder, key="other.pem")
    assert ran.exit_code == 1
    assert "is it the right key?" in ran.stderr
    for name, key in (("missing.json", "public.pem"), ("list.json", "missing.pem")):
        ran = verify(folder, name, key)
        assert ran.exit_code == 2
        assert "does not exist" in ran.stderr
    ran = verify(folder, key="key.pem")
    assert ran.exit_code == 1
    assert "expected an Ed25519 key in PEM, public" in ran.stderr


def test_a_receipt_follows_nothing_and_an_older_key_is_told(folder: Path) -> None:
    """--previous is about lists, and says what an older key leaves unchecked.

    Of a version that an older key signed the root alone is checked.
    """
    first = read((folder / "list.json").read_bytes())
    assert isinstance(first, ListFile)
    new = SigningKey.new()
    (folder / "new.pem").write_text(new.public.pem)
    second = signed(dict(first.policy), first.leaves, new, version=2, previous=first.head.root)
    (folder / "second.json").write_bytes(as_file(second))
    options = [*LAW, "--key", str(folder / "new.pem"), "--previous", str(folder / "list.json")]
    ran = CliRunner().invoke(app, ["verify", str(folder / "second.json"), *options])
    assert ran.exit_code == 0, ran.output
    assert "0 lines differ" in ran.stdout
    assert f"signed with the key {first.head.key_id}: its signature was not checked" in ran.stdout
    (folder / "receipt.json").write_bytes(
        write_receipt(Receipt(second.head, second.signature, [], []))
    )
    ran = CliRunner().invoke(app, ["verify", str(folder / "receipt.json"), *options])
    assert ran.exit_code == 1
    assert "a receipt follows no other file" in ran.stderr
    options[-1] = str(folder / "receipt.json")
    ran = CliRunner().invoke(app, ["verify", str(folder / "second.json"), *options])
    assert ran.exit_code == 1
    assert (
        "receipt.json: the file: a receipt, expected the list of the version before" in ran.stderr
    )


def test_half_a_character_is_a_fault_in_either_file(folder: Path) -> None:
    """A lone surrogate in either file: status 1 and a sentence, no traceback."""
    data = (folder / "list.json").read_bytes()
    (folder / "half.json").write_bytes(data.replace(b'"CPNS 2024"', rb'"CPNS \ud800"'))
    first = read(data)
    assert isinstance(first, ListFile)
    key = SigningKey.of(str(folder / "key.pem"))
    second = signed(dict(first.policy), first.leaves, key, version=2, previous=first.head.root)
    (folder / "second.json").write_bytes(as_file(second))
    for name in ("half.json", "second.json"):
        options = ["--key", str(folder / "public.pem"), "--previous", str(folder / "half.json")]
        ran = CliRunner().invoke(app, ["verify", str(folder / name), *options])
        assert ran.exit_code == 1
        assert ran.stderr.endswith(
            "half.json: the file: half a character (a lone surrogate) is no text\n"
        )


def corrected_after_the_first_list(people: int) -> list[Leaf]:
    """Both lists of so many people; all but the first had other points on the first list."""
    policy = load("national-cpns-2024")
    skb = StageResult(Outcome.SCORED, {"SKB": Decimal(80)})

    def leaves(twk: int, tiu: int) -> list[Leaf]:
        found = []
        for number in range(people):
            points = {
                "TWK": Decimal(twk if number else 60),
                "TIU": Decimal(tiu if number else 100),
                "TKP": Decimal(200),
            }
            results = {"skd": StageResult(Outcome.SCORED, points), "skb": skb}
            who = f"0001-{number + 1:06d}"
            found.append(
                Candidate(who, verified=True, results=results, decided={"final": number + 1})
            )
        return composed(policy, [Vacancy("KALIMANTAN", people, found)])[0]

    before, after = leaves(150, 100), leaves(65, 105)
    final = next(
        at for at, leaf in enumerate(after) if isinstance(leaf, ListLeaf) and leaf.list == "final"
    )
    return before[:final] + after[final:]


@pytest.mark.parametrize(
    ("people", "says"),
    [
        (2, "1 person's points differ between lists (a later list holds a correction): {first}\n"),
        (8, "7 people's points differ between lists (a later list holds a correction): {first}, "),
    ],
)
def test_points_that_differ_between_lists_are_told(folder: Path, people: int, says: str) -> None:
    """A list with corrected points is accepted; the first people are named, the rest counted."""
    key = SigningKey.of(str(folder / "key.pem"))
    leaves = corrected_after_the_first_list(people)
    (folder / "list.json").write_bytes(
        as_file(signed(load("national-cpns-2024").as_json(), leaves, key))
    )
    ran = verify(folder)
    assert ran.exit_code == 0, ran.output
    assert says.format(first="0001-000002 TIU 100 / 105 and TWK 150 / 65") in ran.stdout
    assert ("0001-000006 TIU 100 / 105 and TWK 150 / 65, … and 2 more\n" in ran.stdout) is (
        people == 8
    )


def test_the_same_points_written_otherwise_do_not_differ(folder: Path) -> None:
    """145.0 is 145."""
    published = read((folder / "list.json").read_bytes())
    assert isinstance(published, ListFile)
    *before, last = published.leaves
    assert isinstance(last, LineLeaf)
    leaves = [*before, last.model_copy(update={"points": last.points | {"TWK": "100.0"}})]
    key = SigningKey.of(str(folder / "key.pem"))
    (folder / "list.json").write_bytes(as_file(signed(published.policy, leaves, key)))
    ran = verify(folder)
    assert ran.exit_code == 0, ran.output
    assert "differ" not in ran.stdout


def test_a_key_is_never_written_over(folder: Path) -> None:
    """Made again: refused, or passed over with --if-missing; the key stays.

    What is no key has no public half.
    """
    path = folder / "key.pem"
    before = path.read_bytes()
    assert CliRunner().invoke(app, ["keys", "make", str(path)]).exit_code == 1
    assert CliRunner().invoke(app, ["keys", "make", "--if-missing", str(path)]).exit_code == 0
    assert path.read_bytes() == before
    assert CliRunner().invoke(app, ["keys", "public", str(folder / "public.pem")]).exit_code == 1
