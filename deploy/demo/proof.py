"""What anyone can check of the round without the platform: list, public key and one receipt."""

from pathlib import Path

from deploy.cli.verify import Law, verified
from deploy.demo.demonstration import Demonstration
from deploy.demo.opening import POLICY
from services.ranking.proofs.domain.leaves import LineLeaf
from services.ranking.proofs.domain.list_file import ListFile
from services.ranking.proofs.domain.reading import read
from services.ranking.publication.storage.signing import PublicKey
from shared.policies import load


async def write_proof(folder: Path, demo: Demonstration) -> list[str]:
    """Fetch the three files, check them as `terang verify` does, and leave them in `folder`.

    The receipt is of someone whom personal facts put in order, where there is one. Gives what
    verifying said. Raises ProofFault for a file that does not verify.
    """
    pem = await demo.client.file("/ranking/keys/public.pem")
    file = await demo.client.file(f"/ranking/rounds/{demo.round_id}/publication")
    key = PublicKey.read(pem)
    law = Law(policy=load(POLICY))
    published = read(file)
    assert isinstance(published, ListFile)
    lines = [leaf for leaf in published.leaves if isinstance(leaf, LineLeaf)]
    line = max(
        lines,
        key=lambda line: (line.commitment is not None, line.rank is not None, line.list == "final"),
    )
    subjects = {number: subject for subject, number in demo.participant_numbers.items()}
    receipt = await demo.client.file(
        f"/ranking/vacancies/{line.vacancy_id}/candidates/{line.participant_no}/receipt",
        who=subjects[line.participant_no],
        role="applicant",
    )
    for name, content in (("public.pem", pem), ("list.json", file), ("receipt.json", receipt)):
        (folder / name).write_bytes(content)
    return [
        sentence
        for name in ("list.json", "receipt.json")
        for sentence in verified(folder / name, key, law).lines
    ]
