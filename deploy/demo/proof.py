"""What anyone can check of the round without the platform: the published list, the public key, and
one applicant's receipt.
"""

from pathlib import Path

from deploy.cli.verify import verified
from deploy.demo.door import Door
from deploy.demo.play import Play
from services.ranking.domain.proof import LineLeaf, Published, read
from services.ranking.storage.signing import PublicKey


async def write_proof(folder: Path, door: Door, play: Play) -> list[str]:
    """Fetch the three files, check them as `terang verify` does, leave them in `folder`; gives what
    verifying said.

    The receipt is of someone whom personal facts put in order, where there is one. Raises
    FaultError for a file that does not verify.
    """
    pem = await door.file("/ranking/keys/public.pem")
    file = await door.file(f"/ranking/rounds/{play.round.round_id}/publication")
    key = PublicKey.read(pem)
    said = [verified(file, key)]
    published = read(file)
    assert isinstance(published, Published)
    lines = [leaf for leaf in published.leaves if isinstance(leaf, LineLeaf)]
    one = max(
        lines,
        key=lambda line: (line.commitment is not None, line.rank is not None, line.list == "final"),
    )
    applicants = {number: subject for subject, number in play.round.numbers.items()}
    receipt = await door.file(
        f"/ranking/vacancies/{one.vacancy_id}/candidates/{one.participant_no}/receipt",
        who=applicants[one.participant_no],
        role="applicant",
    )
    said.append(verified(receipt, key))
    for name, content in (("public.pem", pem), ("list.json", file), ("receipt.json", receipt)):
        (folder / name).write_bytes(content)
    return said
