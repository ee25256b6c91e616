"""Citizens complain about units, and an officer answers some of them."""

from deploy.demo.demonstration import OFFICER, Demonstration, Person
from deploy.demo.people import Complaint


async def complain(demo: Demonstration) -> None:
    """File every complaint, some of them under a name; some are answered at once."""

    async def file(complaint: Complaint) -> None:
        body = {
            "unit_id": complaint.unit_id,
            "category": complaint.category,
            "text": complaint.text,
            "place": "Loket 1",
        }
        subject = f"demo-citizen-{complaint.number}" if complaint.named else None
        answer = await demo.command(
            Person(subject, "applicant"),
            "/feedback/complaints",
            "complaint",
            complaint.number,
            body=body,
            waits=True,
        )
        if complaint.resolved:
            await demo.command(
                OFFICER,
                f"/feedback/complaints/{answer['complaint_id']}/resolution",
                "resolution",
                complaint.number,
                body={"outcome": "upheld", "text": "Sudah ditindaklanjuti (rekaan)."},
            )

    await demo.for_each("complaints", demo.people.complaints, file)
