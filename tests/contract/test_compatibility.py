"""What breaks a contract and what doesn't: each kind of change, in a table."""

from dataclasses import replace
from typing import Annotated, Any, Literal, TypeAlias

import pytest
from pydantic import Field, create_model
from typing_extensions import override

from shared.contracts.catalogue import EventContract
from shared.contracts.compatibility import breaks, breaks_of_release
from shared.contracts.fields import Count, Fact, Points
from shared.contracts.publication import schema_of


class Inner(Fact):
    rank: int
    score: Points


class InnerWithoutScore(Fact):
    rank: int


InnerWithoutScore.__name__ = "Inner"


def schema(**fields: Any) -> dict[str, Any]:
    """The JSON Schema of a model with these fields; a pair is (type, default)."""
    made: dict[str, Any] = {
        name: field if isinstance(field, tuple) else (field, ...) for name, field in fields.items()
    }
    said: type[Fact] = create_model("Said", __base__=Fact, **made)
    return said.model_json_schema()


LONG: TypeAlias = Annotated[str, Field(max_length=20)]
SHORT: TypeAlias = Annotated[str, Field(max_length=10)]
CODE: TypeAlias = Annotated[str, Field(pattern="^[A-Z]+$")]
OTHER_CODE: TypeAlias = Annotated[str, Field(pattern="^[a-z]+$")]
ONE: TypeAlias = Annotated[int, Field(ge=1)]
TWO: TypeAlias = Annotated[int, Field(ge=2)]


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        pytest.param({"a": int, "b": str}, {"a": int}, [("removed", "b")], id="a field is gone"),
        pytest.param(
            {"a": int},
            {"a": int, "b": str},
            [("newly required", "b")],
            id="a new field that must be there",
        ),
        pytest.param(
            {"a": (int | None, None)},
            {"a": int | None},
            [("newly required", "a")],
            id="what could be missing must be there",
        ),
        pytest.param(
            {"a": int},
            {"a": (int, 0)},
            [("no longer required", "a")],
            id="what was there may be missing",
        ),
        pytest.param({"a": int}, {"a": int | None}, [("widened", "a")], id="may be null now"),
        pytest.param(
            {"a": int | None}, {"a": int}, [("narrowed", "a")], id="may no longer be null"
        ),
        pytest.param({"a": int}, {"a": str}, [("changed", "a")], id="another type"),
        pytest.param({"a": ONE}, {"a": TWO}, [("narrowed", "a")], id="a higher minimum"),
        pytest.param({"a": TWO}, {"a": ONE}, [("widened", "a")], id="a lower minimum"),
        pytest.param({"a": LONG}, {"a": SHORT}, [("narrowed", "a")], id="a lower maximum"),
        pytest.param({"a": SHORT}, {"a": LONG}, [("widened", "a")], id="a higher maximum"),
        pytest.param({"a": str}, {"a": SHORT}, [("narrowed", "a")], id="a new limit"),
        pytest.param({"a": SHORT}, {"a": str}, [("widened", "a")], id="a limit less"),
        pytest.param({"a": CODE}, {"a": OTHER_CODE}, [("changed", "a")], id="another pattern"),
        pytest.param(
            {"a": Literal["x", "y"]}, {"a": Literal["x"]}, [("narrowed", "a")], id="a value less"
        ),
        pytest.param(
            {"a": Literal["x"]}, {"a": Literal["x", "y"]}, [("widened", "a")], id="a value more"
        ),
        pytest.param(
            {"a": str},
            {"a": Literal["x", "y"]},
            [("narrowed", "a")],
            id="a list of values where any was",
        ),
        pytest.param(
            {"a": Literal["x", "y"]},
            {"a": str},
            [("widened", "a")],
            id="any value where a list was",
        ),
        pytest.param(
            {"a": tuple[Inner, ...]},
            {"a": tuple[InnerWithoutScore, ...]},
            [("removed", "a[].score")],
            id="within a list",
        ),
        pytest.param(
            {"a": Inner}, {"a": InnerWithoutScore}, [("removed", "a.score")], id="within an object"
        ),
        pytest.param(
            {"a": Inner | None},
            {"a": InnerWithoutScore | None},
            [("removed", "a.score")],
            id="within what may be null",
        ),
        pytest.param(
            {"a": dict[str, int]},
            {"a": dict[str, ONE]},
            [("narrowed", "a{}")],
            id="within a mapping",
        ),
        pytest.param(
            {"a": dict[str, int]},
            {"a": dict[CODE, int]},
            [("changed", "a{}"), ("narrowed", "a")],
            id="a mapping's keys",
        ),
    ],
)
def test_a_break_is_found_and_named(
    old: dict[str, Any], new: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    """Each kind, at its path."""
    assert sorted((each.kind, each.at) for each in breaks(schema(**old), schema(**new))) == sorted(
        expected
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param({"a": int}, {"a": int}, id="the same"),
        pytest.param(
            {"a": int}, {"a": int, "b": (str | None, None)}, id="a new field that may be missing"
        ),
        pytest.param({"a": int, "b": str}, {"b": str, "a": int}, id="another order"),
        pytest.param(
            {"a": int},
            {"a": Annotated[int, Field(title="A", description="Other words", examples=[1])]},
            id="other words",
        ),
        pytest.param(
            {"a": Literal["x", "y"]}, {"a": Literal["y", "x"]}, id="values in another order"
        ),
        pytest.param(
            {"a": (int, 0)},
            {"a": (int, 0), "b": (Inner | None, None)},
            id="a new object that may be missing",
        ),
    ],
)
def test_what_breaks_nothing_is_free(old: dict[str, Any], new: dict[str, Any]) -> None:
    """No break."""
    assert breaks(schema(**old), schema(**new)) == []


class Counted(Fact):
    """An event of this test."""

    unit_id: str
    count: Count


COUNTED = EventContract(
    "terang.Counted",
    Counted,
    "terang.feedback",
    lambda fact: fact.unit_id,
    lambda fact: fact.unit_id,
)
RELEASED = {
    "terang.Counted": {
        "topic": "terang.feedback",
        "schema": schema_of(COUNTED),
        "examples": [{"data": {"unit_id": "U-1", "count": 3}, "key": "U-1", "subject": "U-1"}],
    }
}


def found(*catalogue: EventContract) -> list[tuple[str, str]]:
    return [
        (each.kind, each.detail)
        for each in breaks_of_release(RELEASED, catalogue).get("terang.Counted", [])
    ]


def test_a_release_holds_under_the_catalogue_that_it_was_made_from() -> None:
    """Nothing is found; a new event beside it is free."""
    assert found(COUNTED, replace(COUNTED, type="terang.CountedAgain")) == []


def test_an_event_that_is_gone_or_moved_is_found() -> None:
    """Type gone; topic, key, subject changed: order among what belongs together would be lost."""
    assert found() == [("removed", "the event is gone")]
    assert found(replace(COUNTED, topic="terang.ranking")) == [
        ("moved", "topic terang.feedback is now terang.ranking")
    ]
    assert found(replace(COUNTED, key=lambda fact: f"{fact.unit_id}!")) == [
        ("moved", "key U-1 is now U-1!")
    ]
    assert found(replace(COUNTED, subject=lambda fact: str(fact.count))) == [
        ("moved", "subject U-1 is now 3")
    ]


def test_a_released_example_that_todays_model_refuses_is_found() -> None:
    """Also where the schema can't show why: a validator in code."""

    class Strict(Counted):
        """An event of this test."""

        @override
        def model_post_init(self, _: Any) -> None:
            if self.count % 2:
                raise ValueError("odd")

    Strict.__name__ = Strict.__qualname__ = "Counted"
    kinds = [kind for kind, _ in found(replace(COUNTED, model=Strict))]
    assert kinds == ["narrowed"]
