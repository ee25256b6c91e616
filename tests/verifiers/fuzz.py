"""Compares the verdicts of both verifiers on random small lists, half of which are tampered with.

`python -m tests.verifiers.fuzz --n 10000 --seed 1`: ends with status 1 where they disagree on the
status of a file, and names the seed of each; `--n 1 --seed S --keep FOLDER` makes that case again.
"""

import argparse
import json
import random
import shlex
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

from deploy.cli.verify import Law, verified
from services.ranking.proofs.domain.fault import ProofFault
from shared.policies import bundled_ids, load
from tests.verifiers.files import TEST_KEY
from tests.verifiers.lists import genuine
from tests.verifiers.tampering import tampered

SCRIPT = Path(__file__).parents[2] / "services/ranking/publication/pages/assets/verify.mjs"


def case(seed: int) -> tuple[bytes, str | None]:
    """The file of a seed, and the policy that the caller names, if any."""
    chance = random.Random(seed)
    while True:
        try:
            file = genuine(chance)
            break
        except ProofFault:
            continue  # a round that is not ready for publication
    data = file.written() if seed % 2 else tampered(file, chance)
    named = chance.choices([file.policy["id"], None, "national-cpns-2024"], weights=(6, 3, 1))
    return data, named[0]


def known(policy: str | None) -> str | None:
    """The name, where it is of a policy that comes with the program."""
    return policy if policy in bundled_ids() else None


def ours(path: Path, policy: str | None) -> tuple[int, str | None]:
    """The status that `terang verify` ends with, and the fault."""
    law = Law(load(policy) if policy else None)
    try:
        verdict = verified(path, TEST_KEY.public, law)
    except ProofFault as fault:
        return 1, str(fault)
    return (0 if verdict.law_named else 3), None


class Other:
    """The other verifier: a process that gets a case on each line and answers on each."""

    def __init__(self, command: str, folder: Path) -> None:
        key = folder / "public.pem"
        key.write_text(TEST_KEY.public.pem)
        self._process = subprocess.Popen(
            [*shlex.split(command), "--batch", "--key", str(key)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Other":
        return self

    def __exit__(self, *_: object) -> None:
        self._input.close()
        self._process.wait(timeout=60)

    @property
    def _input(self) -> IO[str]:
        assert self._process.stdin
        return self._process.stdin

    def ask(self, path: Path, policy: str | None) -> None:
        """Hands over a case; its answer is read by `answer`."""
        self._input.write(json.dumps({"file": str(path), "policy": policy}) + "\n")
        self._input.flush()

    def answer(self) -> Mapping[str, Any]:
        """What it says of the case: status, line, says."""
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("the other verifier ended")
        answer: Mapping[str, Any] = json.loads(line)
        return answer


def compare(command: str, seeds: range, folder: Path) -> tuple[Counter[int], list[str]]:
    """How many files ended with which status, and in words where both disagree."""
    statuses: Counter[int] = Counter()
    differ = []
    with Other(command, folder) as other:
        for seed in seeds:
            data, said = case(seed)
            path = folder / f"{seed}.json"
            path.write_bytes(data)
            policy = known(said)
            other.ask(path, policy)
            status, fault = ours(path, policy)
            answer = other.answer()
            statuses[status] += 1
            if status == answer["status"]:
                path.unlink()
                continue
            differ.append(
                f"seed {seed}: terang verify {status} ({fault}), "
                f"the other {answer['status']} ({answer['says']})"
            )
    return statuses, differ


def main() -> int:
    """Compares so many cases and prints each disagreement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--against", default=f"node {shlex.quote(str(SCRIPT))}")
    parser.add_argument("--n", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for the files on which they disagree")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        kept = options.keep or Path(folder)
        seeds = range(options.seed, options.seed + options.n)
        statuses, differ = compare(options.against, seeds, kept)
    print(*differ, sep="\n", end="\n" if differ else "")
    told = ", ".join(f"{count} with status {status}" for status, count in sorted(statuses.items()))
    print(f"{statuses.total()} lists: {told}; {len(differ)} disagreements")
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main())
