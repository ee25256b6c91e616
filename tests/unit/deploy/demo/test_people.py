"""The made-up people are the same for the same seed, and all of them apply."""

from deploy.demo.people import Population


def test_the_same_seed_gives_the_same_people() -> None:
    """Another seed gives others."""
    first, second, other = Population(200, 1), Population(200, 1), Population(200, 2)
    assert first.applicants == second.applicants
    assert first.complaints == second.complaints
    assert first.units == second.units
    assert first.applicants != other.applicants


def test_everyone_applies_once() -> None:
    """As many as were asked for, a tenth and more for the contested vacancy."""
    people = Population(200, 1)
    assert len({applicant.subject for applicant in people.everyone}) == 200
    assert len(people.applicants[people.contested.listing_id]) >= 20
    assert people.applicants.keys() == {listing.listing_id for listing in people.listings}
