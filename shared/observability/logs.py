"""Logs: one JSON object a line on standard output, in UTC; on a terminal, lines for people."""

import logging
import sys
import time

import structlog
from asgi_correlation_id import correlation_id
from typing_extensions import override

OF_CLIENTS = ("aiokafka", "asyncpg", "terang")
"""Loggers of the clients of Kafka and PostgreSQL (FastStream's is ours: terang.faststream). While a
server is away aiokafka prints 50 lines a second."""

TOLD_EVERY_S = 60.0


class FoldedLines(logging.Filter):
    """Lets the first of alike lines pass, then one a minute, which counts those in between.

    Lines are alike that a logger makes of the same text, whatever is put in. Whoever waits for the
    server says when it is back.
    """

    def __init__(self) -> None:
        super().__init__()
        self._folded: dict[tuple[str, str], int] = {}
        self._told: dict[tuple[str, str], float] = {}

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        if record.name.partition(".")[0] not in OF_CLIENTS:
            return True
        kind = record.name, str(record.msg)
        now = time.monotonic()
        if now - self._told.get(kind, -TOLD_EVERY_S) < TOLD_EVERY_S:
            self._folded[kind] = self._folded.get(kind, 0) + 1
            return False
        self._told[kind] = now
        if (folded := self._folded.pop(kind, 0)) > 0:
            record.msg, record.args = f"{record.getMessage()} (and {folded} lines like it)", ()
        return True


def configure(service: str, process: str) -> None:
    """Send this process' log, and what its libraries log from WARNING up, to standard output."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        _add_request_id,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    renderer: structlog.typing.Processor = (
        structlog.dev.ConsoleRenderer()
        if sys.stdout.isatty()
        else structlog.processors.JSONRenderer()
    )
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.addFilter(FoldedLines())
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    for name in ("services", "shared", "deploy"):
        logging.getLogger(name).setLevel(logging.INFO)
    structlog.contextvars.bind_contextvars(service=service, process=process)


def _add_request_id(
    _logger: object, _method: str, line: structlog.typing.EventDict
) -> structlog.typing.EventDict:
    """Adds the id of the request that is being answered, as its X-Request-ID says."""
    request_id = correlation_id.get()
    return line if request_id is None else {**line, "request_id": request_id}
