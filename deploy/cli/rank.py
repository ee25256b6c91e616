"""``terang rank``: ranks candidates out of files, without any server."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from deploy.cli.policy import named
from shared.policies import List, Policy

app = typer.Typer()

REFUSED, UNDECIDED = 2, 3


@app.command()
def rank(
    policy: Annotated[str, typer.Option(help="Id of a policy, or its file")],
    stage: Annotated[str, typer.Option(help="The list to rank: its code, or that of the stage that completes it")],
    vacancies: Annotated[Path, typer.Option(help="CSV file of vacancies")],
    candidates: Annotated[Path, typer.Option(help="CSV file of candidates")],
    admitted: Annotated[
        bool, typer.Option("--admitted", help="All candidates had passed the gates and cuts of earlier stages")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="File for the lines; without it they are printed")] = None,
    explain: Annotated[
        str | None, typer.Option(metavar="PARTICIPANT", help="Say in sentences why this candidate has that place")
    ] = None,
) -> None:
    """Rank candidates out of files by the rules that rank them in a round, without any server.

    VACANCIES: vacancy_id, need (a code of the policy), seats; also agency, post, unit, place, education for whoever reads it.

    CANDIDATES: participant_no, vacancy_id, one column for each component under the policy's own code (empty: absent), and what ties use: gpa,
    birth_date (YYYY-MM-DD), relevant_experience_months, education, priority (empty: unknown, which ranks last); disqualified (true or false, 1 or 0,
    yes or no, ya or tidak, or the code of the stage in which it happened; true alone means from the first list on). Numbers are plain decimals.

    OUT: every candidate once, by vacancy_id (bytes), then merit: vacancy_id, need, rank, participant_no, stage_score, final_score, code, decided_by.
    On the policy's last list stage_score is the total of that list's own stage (the SKB) and final_score the list's score; on an earlier list stage_score
    is the list's score (the SKD's total) and final_score is empty. Whom an earlier list did not let go on has that list's code and neither rank nor
    score. decided_by names the field that put a line below the one above: a tie's or priority; `equal` where none did; empty where the score did.
    Equals share a rank; their lines are in order of participant number (bytes), since the seed that orders them in a round is not in files.

    Exit status: 0; 2 where anything is refused, with file, line, column and reason, and nothing is written; 3 where people are equal in everything at
    the last seat and only some fit (UNDECIDED): an officer decides among them.
    """
    try:  # of the extra `files`, which the services' image leaves out
        from services.ranking.files.columns import FilesRefusedError
        from services.ranking.usecases.rank_files import rank_files
    except ModuleNotFoundError as error:
        print(f"terang rank needs {error.name}, which is not installed: pip install 'terang[files]'", file=sys.stderr)
        raise typer.Exit(1) from error
    from services.ranking.domain.explain import sentences

    law = named(policy)
    one = _list_of(law, stage)
    unfinished = out.with_name(f"{out.name}.unfinished") if out is not None else None
    try:
        if unfinished is not None:
            with unfinished.open("wb") as file:
                done = rank_files(law, one, vacancies, candidates, admitted=admitted, out=file, explain=explain)
        else:
            printed = sys.stdout.buffer if explain is None else None
            done = rank_files(law, one, vacancies, candidates, admitted=admitted, out=printed, explain=explain)
        if unfinished is not None and out is not None:
            unfinished.replace(out)
    except FilesRefusedError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(REFUSED) from None
    except OSError as error:
        print(f"terang rank: {error}", file=sys.stderr)
        raise typer.Exit(REFUSED) from None
    finally:
        if unfinished is not None:
            unfinished.unlink(missing_ok=True)
    if done.explanation is not None:
        for language in ("id", "en"):
            print("\n".join([*sentences(done.explanation, law, language), ""]))
    elif explain is not None:
        print(f"terang rank: nobody in {candidates} has the number {explain}", file=sys.stderr)
        raise typer.Exit(REFUSED)
    counts = ", ".join(f"{count} {code}" for code, count in done.codes.items())
    print(f"{done.list}: {done.candidates} candidates of {done.vacancies} vacancies: {counts}", file=sys.stderr)
    if done.undecided:
        print(
            f"{done.undecided} are equal in everything at a last seat: an officer decides among them", file=sys.stderr
        )
        raise typer.Exit(UNDECIDED)


def _list_of(policy: Policy, stage: str) -> List:
    """The list of that code, else the one that a stage of that code completes. Ends the command where there is none."""
    one = policy.list_called(stage) or next((one for one in policy.lists if one.stage == stage), None)
    if one is None:
        known = ", ".join(one.code for one in policy.lists)
        print(f"terang rank: the policy {policy.id} has no list {stage}; it has {known}", file=sys.stderr)
        raise typer.Exit(REFUSED)
    return one
