"""`terang rank`: ranks candidates out of files, without any server."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, BinaryIO
from uuid import uuid4

import typer

from deploy.cli.policy import named
from shared.policies import List, Policy

app = typer.Typer()

REFUSED, UNDECIDED = 2, 3


@app.command()
def rank(
    policy: Annotated[str, typer.Option(help="Id of a policy, or its file")],
    stage: Annotated[
        str, typer.Option(help="The list to rank: its code, or that of the stage that completes it")
    ],
    vacancies: Annotated[Path, typer.Option(help="CSV file of vacancies")],
    candidates: Annotated[Path, typer.Option(help="CSV file of candidates")],
    admitted: Annotated[
        bool,
        typer.Option(
            "--admitted", help="All candidates had passed the gates and cuts of earlier stages"
        ),
    ] = False,
    out: Annotated[
        Path | None, typer.Option(help="File for the lines; without it they are printed")
    ] = None,
    explain: Annotated[
        str | None,
        typer.Option(
            metavar="PARTICIPANT", help="Say in sentences why this candidate has that place"
        ),
    ] = None,
) -> None:
    """Rank candidates out of files by the rules that rank them in a round, without any server.

    VACANCIES: vacancy_id, need (a code of the policy), seats; also agency, post, unit, place,
    education for whoever reads it.

    CANDIDATES: participant_no, vacancy_id, one column for each component under the policy's own
    code (empty: absent), and what ties use: gpa, birth_date (YYYY-MM-DD),
    relevant_experience_months, education, priority (empty: unknown, which ranks last); disqualified
    (true or false, 1 or 0, yes or no, ya or tidak, or the code of the stage in which it happened;
    true alone means from the first list on). Numbers are plain decimals.

    OUT: every candidate once, by vacancy_id (bytes), then merit: vacancy_id, need, rank,
    participant_no, stage_score, final_score, code, decided_by. On the policy's last list
    stage_score is the total of that list's own stage (the SKB) and final_score the list's score; on
    an earlier list stage_score is the list's score (the SKD's total) and final_score is empty. Whom
    an earlier list did not let go on has that list's code and neither rank nor score. decided_by
    names the field that put a line below the one above: a tie's or priority; `equal` where none
    did; empty where the score did. Equals share a rank; their lines are in order of participant
    number (bytes), since the seed that orders them in a round is not in files.

    Exit status: 0; 2 where anything is refused, with file, line, column and reason, and nothing is
    written; 3 where people are equal in everything at the last seat and only some fit (UNDECIDED):
    an officer decides among them.
    """
    try:  # of the extra `files`, which the services' image leaves out
        from services.ranking.files.faults import FilesRefusedError
        from services.ranking.files.rank_files import NobodyError, rank_files
    except ModuleNotFoundError as error:
        print(
            f"terang rank needs {error.name}, which is not installed: pip install 'terang[files]'",
            file=sys.stderr,
        )
        raise typer.Exit(1) from error
    from services.ranking.explanation.domain.sentences import sentences

    rules = named(policy)
    list_ = _list_of(rules, stage)
    writes = out is not None or explain is None
    try:
        with (
            _output(out, vacancies, candidates, Path(policy)) if writes else nullcontext()
        ) as lines:
            done = rank_files(
                rules, list_, vacancies, candidates, admitted=admitted, out=lines, explain=explain
            )
        if done.explanation is not None:
            for language in ("id", "en"):
                print("\n".join([*sentences(done.explanation, rules, language), ""]))
            sys.stdout.flush()
    except (FilesRefusedError, NobodyError) as error:
        print(error, file=sys.stderr)
        raise typer.Exit(REFUSED) from None
    except OSError as error:
        print(f"terang rank: {error}", file=sys.stderr)
        raise typer.Exit(REFUSED) from None
    counts = ", ".join(f"{count} {code}" for code, count in done.codes.items())
    print(
        f"{done.list}: {done.candidates} candidates of {done.vacancies} vacancies: {counts}",
        file=sys.stderr,
    )
    if done.undecided:
        print(
            f"{done.undecided} are equal in everything at a last seat: "
            "an officer decides among them",
            file=sys.stderr,
        )
        raise typer.Exit(UNDECIDED)


def _output(out: Path | None, *inputs: Path) -> AbstractContextManager[BinaryIO]:
    """Where lines go: standard output, a device or a pipe, or a file that is whole or not there.

    Raises OSError, also where `out` is one of the files that are read.
    """
    if out is None:
        return _printed()
    if not out.exists():
        return _file(out)
    if not out.is_file():
        return _device(out)
    if any(path.exists() and path.samefile(out) for path in inputs):
        raise OSError(f"{out} is one of the files that are read: name another one with --out")
    return _file(out)


@contextmanager
def _printed() -> Iterator[BinaryIO]:
    if sys.stdout is None:
        raise OSError("there is no standard output to print the lines to; name a file with --out")
    yield sys.stdout.buffer
    sys.stdout.buffer.flush()


@contextmanager
def _device(path: Path) -> Iterator[BinaryIO]:
    with path.open("wb") as device:
        yield device
        device.flush()


@contextmanager
def _file(out: Path) -> Iterator[BinaryIO]:
    """A file beside `out` that takes its place once it is whole."""
    target = out.resolve()  # where a link leads
    unfinished = target.with_name(f".terang-{uuid4().hex}")
    try:
        with unfinished.open("xb") as file:
            yield file
        unfinished.replace(target)
    finally:
        if unfinished.parent.is_dir():
            unfinished.unlink(missing_ok=True)


def _list_of(policy: Policy, stage: str) -> List:
    """The list of that code, else the one that a stage of that code completes.

    Ends the command where there is none, or more than one.
    """
    completed = [list_ for list_ in policy.lists if list_.stage == stage]
    found = policy.list_called(stage) or (completed[0] if len(completed) == 1 else None)
    if found is None:
        known = ", ".join(list_.code for list_ in completed or policy.lists)
        has = f"more than one list that {stage} completes" if completed else f"no list {stage}"
        print(f"terang rank: the policy {policy.id} has {has}; it has {known}", file=sys.stderr)
        raise typer.Exit(REFUSED)
    return found
