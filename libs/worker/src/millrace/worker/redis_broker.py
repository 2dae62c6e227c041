"""kombu's Redis transport, made to come back soon: to a dead worker's messages and to a server that was away.

What is different from kombu 5.7, and why:

- a worker with a blocking loop (gevent) never restores messages there: its BRPOP answers "nothing" each second, and
  only a poll without any answer looks for what is due (`MultiChannelPoller.get`);
- workers that restore exclude one another by a lock of 300 s, so one that is killed just then stops them all for that
  long (`QoS.restore_visible`). Restoring is a transaction on each message; it needs no lock;
- when a message is due is told by the workers' own clocks. Here Redis' clock decides, whoever asks;
- a message that could not be acknowledged counts as held for ever: a worker that takes one at a time never takes
  another (`QoS.ack` forgets it only after Redis has);
- a connection that cannot be made is tried again by redis-py for seconds, inside the loop, before kombu hears of it.
"""

from functools import cached_property
from queue import Empty
from typing import Any

from kombu.transport import redis, virtual
from kombu.utils.json import dumps
from redis.backoff import NoBackoff
from redis.retry import Retry

from millrace.worker.polls import polls

_HOLD = """
local now = redis.call('TIME')
redis.call('ZADD', KEYS[1], now[1] + now[2] / 1e6, ARGV[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[2])
"""
"""Notes a message that was delivered: in the index by the time, and whole, so that it can be restored."""

_DROP = """
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('HDEL', KEYS[2], ARGV[1])
"""
"""Forgets a message that was acknowledged. A script, as above: one answer to read instead of a transaction's four."""

# The stubs of kombu leave out what is private.
_Channel: Any = redis.Channel
_Poller: Any = redis.MultiChannelPoller
_QoS: Any = redis.QoS


def server_time(client: Any) -> float:
    """Redis' own time in seconds."""
    seconds, microseconds = client.time()
    return float(seconds + microseconds / 1e6)


class QoS(_QoS):  # type: ignore[misc]
    """What was delivered and not acknowledged, by the clock of Redis."""

    def append(self, message: Any, delivery_tag: str) -> None:
        """Note a message."""
        info = message.delivery_info
        whole = dumps([message._raw, info["exchange"], info["routing_key"]])
        with self.channel.conn_or_acquire() as client:
            hold = self.channel.hold_script
            hold(keys=[self.unacked_index_key, self.unacked_key], args=[delivery_tag, whole], client=client)
        virtual.QoS.append(self, message, delivery_tag)

    def ack(self, delivery_tag: str) -> None:
        """Acknowledge. What cannot be is let go, and delivered again when its lease is over."""
        self._settle(self._drop, delivery_tag)

    def _drop(self, delivery_tag: str) -> None:
        keys = [self.unacked_index_key, self.unacked_key]
        with self.channel.conn_or_acquire() as client:
            self.channel.drop_script(keys=keys, args=[delivery_tag], client=client)
        virtual.QoS.ack(self, delivery_tag)

    def reject(self, delivery_tag: str, requeue: bool = False) -> None:
        """Hand back or drop. What cannot be is let go, as above."""
        self._settle(super().reject, delivery_tag, requeue)

    def _settle(self, settle: Any, delivery_tag: str, *arguments: Any) -> None:
        try:
            settle(delivery_tag, *arguments)
        except self.channel.connection_errors:
            try:
                # The first error may be all that is left of an older connection.
                settle(delivery_tag, *arguments)
            except self.channel.connection_errors:
                virtual.QoS.ack(self, delivery_tag)
                raise

    def restore_visible(self, start: int = 0, num: int | None = None, interval: int = 1) -> None:
        """Put back every message, whoever had it, whose visibility timeout is over. All arguments are for kombu."""
        with self.channel.conn_or_acquire() as client:
            until = server_time(client) - self.visibility_timeout
            for tag in client.zrange(self.unacked_index_key, "-inf", until, byscore=True):
                self.restore_by_tag(tag, client)


class Poller(_Poller):  # type: ignore[misc]
    """Looks for messages to restore whenever there was nothing else to do, which is about once a second."""

    looked = False

    def get(self, callback: Any, timeout: float | None = None) -> Any:
        """One blocking look at the queues."""
        self.looked = False
        try:
            return super().get(callback, timeout)
        except Empty:
            if not self.looked:
                self.maybe_restore_messages()
            raise

    def maybe_restore_messages(self) -> None:
        """Restore what is due; an error of the connection is left to the next time."""
        self.looked = True
        super().maybe_restore_messages()


class Channel(_Channel):  # type: ignore[misc]
    """The channel of one worker or publisher. Leaves trying again to kombu, whose waits are short and known."""

    QoS = QoS

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._shared: tuple[Any, Any] = None, None
        super().__init__(*args, **kwargs)

    @property
    def supports_batch_publish(self) -> bool:
        """Yes: nothing is tried again here. kombu takes the mere presence of a policy of redis-py for trying again."""
        return True

    @cached_property
    def hold_script(self) -> Any:
        """Sent to Redis once; again when Redis has forgotten it."""
        return self._create_client().register_script(_HOLD)

    @cached_property
    def drop_script(self) -> Any:
        """As above."""
        return self._create_client().register_script(_DROP)

    def _brpop_read(self, **options: Any) -> Any:
        """Take the answer to a poll; that there is nothing is one too (`Empty`)."""
        try:
            taken = super()._brpop_read(**options)
        except Empty:
            polls.answered()
            raise
        polls.answered()
        return taken

    def _create_client(self, asynchronous: bool = False) -> Any:
        """One client for the pool: kombu makes one for each command, which takes a tenth of a worker's loop."""
        if asynchronous:
            return super()._create_client(asynchronous)
        known, client = self._shared
        if known is not self.pool:
            client = super()._create_client()
            self._shared = self.pool, client
        return client

    def _connparams(self, asynchronous: bool = False) -> Any:
        return super()._connparams(asynchronous) | {"retry": Retry(NoBackoff(), 0)}


class Transport(redis.Transport):
    """What `connection` lets kombu find for `redis://`."""

    Channel = Channel

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.cycle = Poller()
