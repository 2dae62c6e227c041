"""What a join holds of a part that comes again is believed only when a part of ours signed it."""

from types import SimpleNamespace
from typing import Any

import pytest

from millrace.testing.secrets import MESSAGE_SECRET
from millrace.worker.join.backend import CONF_KEY
from millrace.worker.join.store import Begun, MemoryJoins
from millrace.worker.register import _Place
from millrace.worker.signing import Signer

SIGNER = Signer(secrets=(MESSAGE_SECRET,))
VALUE = '{"step": "annotate", "status": "succeeded"}'


def place(joins: MemoryJoins) -> _Place:
    """Where the part `sum:0` of the join `sum` stands."""
    app: Any = SimpleNamespace(conf={CONF_KEY: joins}, signer=SIGNER)
    task: Any = SimpleNamespace(request=SimpleNamespace(chord={"options": {"task_id": "sum"}}, id="sum:0"))
    return _Place.of(app, task)


def test_a_part_that_comes_again_gets_the_outcome_that_it_reported() -> None:
    # given
    joins = MemoryJoins()
    joins.add("sum", "sum:0", SIGNER.sign_outcome("sum", "sum:0", VALUE))
    # when / then
    assert place(joins).begin().value == VALUE


@pytest.mark.parametrize(
    "forged",
    [VALUE, SIGNER.sign_outcome("sum", "sum:1", VALUE), "nope"],
    ids=["unsigned", "of another part", "no JSON"],
)
def test_a_part_runs_although_somebody_made_up_its_outcome_and_may_report(forged: str) -> None:
    # given
    joins = MemoryJoins()
    joins.add("sum", "sum:0", forged)
    # when
    begun = place(joins).begin()
    # then
    assert begun == Begun(times=1)
    assert joins.values("sum") == {}
