"""A model of a run's life under hypothesis: whatever comes, every attempt ends once and for good."""

from datetime import datetime, timedelta
from typing import Any

import hypothesis.strategies as st
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from services.orchestrator.tests.component.world import World

from millrace.contracts.messages import Cancel, Redrive
from millrace.contracts.outcome import INPUT_LOST, QUARANTINED, SET_ASIDE, Outcome, OutcomeStatus, Reason
from millrace.contracts.run import CallbackStatus, RunRecord, RunStatus
from millrace.orchestrator import runs
from millrace.orchestrator.canvas import join_key
from millrace.orchestrator.domain import joining
from millrace.orchestrator.errors import NotDelivered

STAGES = ("datasets", "annotate", "insight", "report")
CODES = ("bad_input", "soft_time_limit", INPUT_LOST, QUARANTINED, SET_ASIDE)
OUTPUTS = {
    "conversations": ("units",), "ratings": ("ratings", "segments"), "operations": ("tickets",),
    "annotate": ("annotations", "vectors"), "kpis": ("kpis",), "trends": ("trends",), "report": ("report",),
}  # fmt: skip
ENDS_WITHIN_S = 300


class Life(RuleBasedStateMachine):
    """One run, with messages lost and repeated, parts that end in every way, stores that forget, and users."""

    world: World

    @initialize()
    def accepted(self) -> None:
        self.world = World()
        self.asks: dict[int, str] = {}
        self.ends: dict[int, tuple[RunStatus, datetime | None, str | None]] = {}
        self.seen = self.world.record

    @rule(stage=st.sampled_from((None, *STAGES)), attempt=st.integers(1, 3))
    def a_message_comes_perhaps_again_perhaps_late(self, stage: str | None, attempt: int) -> None:
        self.advance(stage, attempt)

    def advance(self, stage: str | None, attempt: int) -> None:
        try:
            self.world.attempts.advance(self.world.message(stage, attempt))
        except NotDelivered:
            assert self.world.record.callback is not None
            assert self.world.record.callback.status is CallbackStatus.PENDING

    @rule(data=st.data(), ends_well=st.booleans(), code=st.sampled_from(CODES))
    def a_part_ends(self, data: st.DataObject, ends_well: bool, code: str) -> None:
        stage = self.world.record.stage
        if stage is None:
            return
        ids = [each for step in stage.steps for each in joining.ids(step)]
        if ids:
            self.report(stage.name, data.draw(st.sampled_from(ids)), None if ends_well else code)

    @rule()
    def every_part_ends_well(self) -> None:
        stage = self.world.record.stage
        if stage is not None:
            for each in joining.expected(stage):
                self.report(stage.name, each, None)
            self.advance(stage.name, self.world.record.attempt)

    def report(self, stage: str, part: str, code: str | None) -> None:
        step, _, number = part.rpartition(".")
        outputs = {name: (self.world.keep(f"{part}-{name}", rows=70),) for name in OUTPUTS.get(step, ())}
        outcome = Outcome(step=step, part=int(number), status=OutcomeStatus.SUCCEEDED, artifacts=outputs)
        if code is not None:
            late = code == "soft_time_limit"
            status = OutcomeStatus.TIMED_OUT if late else OutcomeStatus.FAILED
            reason = Reason(code=code, retryable=code == INPUT_LOST)
            outcome = outcome.model_copy(update={"status": status, "reason": reason, "artifacts": {}})
        self.world.tell(stage, outcome)

    @rule(seconds=st.sampled_from((0.1, 1.0, 1.5, 3.0, 10.0)))
    def time_passes(self, seconds: float) -> None:
        self.world.at += timedelta(seconds=seconds)

    @rule()
    def the_sweep_comes(self) -> None:
        self.world.sweep.once()

    @rule(lost=st.booleans())
    def the_broker_loses_messages(self, lost: bool) -> None:
        self.world.post.loses = lost

    @rule(stage=st.sampled_from(STAGES))
    def redis_forgets_a_join(self, stage: str) -> None:
        self.world.joins.clear(join_key("acme", self.world.run_id, self.world.record.attempt, stage))

    @rule(data=st.data())
    def redis_forgets_an_artifact(self, data: st.DataObject) -> None:
        steps = [step for stage in self.world.record.stages for step in stage.steps]
        refs = [ref for step in steps for found in step.artifacts.values() for ref in found]
        if refs:
            self.world.lose(data.draw(st.sampled_from(refs)))

    @rule()
    def the_consumer_takes_the_callback(self) -> None:
        if self.world.record.status.terminal:
            self.world.delivered()

    @rule()
    def the_producer_cancels(self) -> None:
        record = self.world.record
        self.world.attempts.cancel(Cancel(tenant="acme", run_id=record.run_id, attempt=record.attempt))

    @rule(start=st.sampled_from(("failed", *STAGES, "kpis", "annotate")))
    def the_operator_runs_it_again(self, start: str) -> None:
        record = self.world.record
        if record.attempt < 3:
            message = Redrive(tenant="acme", run_id=record.run_id, attempt=record.attempt, start=start)
            self.world.attempts.redrive(message)

    @rule(reason=st.sampled_from(("", "a duplicate")))
    def the_producer_asks_for_the_end_and_the_message_is_lost(self, reason: str) -> None:
        if not self.world.record.status.terminal and self.world.record.pending is None:
            self.world.ask("cancel", reason=reason)
            self.asks[self.world.record.attempt] = "cancel"

    @rule(start=st.sampled_from(("failed", *STAGES, "kpis")))
    def the_producer_asks_for_another_attempt_and_the_message_is_lost(self, start: str) -> None:
        record = self.world.record
        if record.status.terminal and record.pending is None and record.attempt < 3:
            self.world.ask("redrive", start)
            self.asks[record.attempt] = "redrive"

    @invariant()
    def what_was_asked_is_done_or_about_to_be(self) -> None:
        record = self.world.record
        ended = {each.attempt: each.status for each in record.history} | {record.attempt: record.status}
        for attempt, what in self.asks.items():
            if record.pending is not None and record.pending.attempt == attempt:
                assert record.due_at is not None and record.due_at <= record.pending.at
            elif what == "cancel":
                assert ended[attempt] is RunStatus.CANCELLED
            else:
                assert record.attempt > attempt

    @invariant()
    def an_attempt_that_ended_stays_as_it_ended(self) -> None:
        record = self.world.record
        for each in record.history:
            self.keep_end(each.attempt, each.status, each.ended_at, each.report and each.report.key)
        if record.status.terminal:
            self.keep_end(record.attempt, record.status, record.ended_at, record.report and record.report.key)

    def keep_end(self, attempt: int, *end: Any) -> None:
        known = self.ends.setdefault(attempt, end)  # type: ignore[arg-type]
        assert known == end

    @invariant()
    def somebody_will_look_at_what_is_not_done(self) -> None:
        record = self.world.record
        owed = record.callback is not None and record.callback.status is CallbackStatus.PENDING
        if not record.status.terminal or owed or record.tidy_at is not None:
            assert record.due_at is not None

    @invariant()
    def the_record_only_moves_forward(self) -> None:
        before, record = self.seen, self.world.record
        assert record.revision >= before.revision
        assert record.attempt >= before.attempt
        assert all(stage.dispatches <= joining.MAX_DISPATCHES for stage in record.stages)
        assert record.recoveries <= runs.MAX_RECOVERIES
        self.seen = record

    def teardown(self) -> None:
        """Left alone, with nothing but the sweep, the run ends: nobody else may ever come again."""
        self.world.post.loses = True
        for _ in range(ENDS_WITHIN_S):
            if self.world.record.status.terminal and self.world.record.pending is None:
                break
            self.world.at += timedelta(seconds=1)
            self.world.sweep.once()
        self.an_attempt_that_ended_stays_as_it_ended()
        record: RunRecord = self.world.record
        assert record.status.terminal, f"the run never ended: {record.stage}"
        assert record.pending is None
        self.what_was_asked_is_done_or_about_to_be()


TestLife = Life.TestCase
TestLife.settings = settings(
    max_examples=150, stateful_step_count=40, deadline=None, suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
