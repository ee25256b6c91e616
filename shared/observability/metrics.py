"""Every metric, once: its unit, what it means, and what to do about it.

Names begin with terang_.
"""

from prometheus_client import Counter, Gauge, Histogram

# HTTP (shared/web/request_log.py). Routes are templates, "none" where there is no such route;
# the routes on which people file complaints show only what failed.

HTTP_REQUESTS = Counter(
    "terang_http_requests_total",
    "Requests answered, by method, route and HTTP status. 5xx: our fault or a server is away, see "
    "the api's log by request id; 401 and 403, many: a wrong client, or someone tries doors; 413 "
    "and 429: limits are met; 503: see terang_consumer_retries_total and PostgreSQL.",
    ["method", "route", "status"],
)
HTTP_SECONDS = Histogram(
    "terang_http_request_seconds",
    "Seconds until an answer began, by method and route. Growing on all routes: the machine or "
    "PostgreSQL is full; on one: its query.",
    ["method", "route"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)

# The consumer (shared/messaging/dispatch.py, consumer.py)

CONSUMER_EVENTS = Counter(
    "terang_consumer_records_total",
    "Records taken, after commit, by outcome: applied; skipped (stood twice on the log); unheard "
    "(a type that this service doesn't hear);"
    " dead-letter. Dead letters: `terang dead-letters list`. Many skipped: a relay was thought "
    "dead and came back.",
    ["topic", "outcome"],
)
CONSUMER_LAG = Gauge(
    "terang_consumer_lag_records",
    "Records between this service's position and the log's end, for the partitions that this "
    "worker owns; sum over workers. Growing for"
    " minutes: look at retries, batch seconds and the worker's log.",
    ["topic", "partition"],
)
CONSUMER_SEQUENCE = Gauge(
    "terang_consumer_sequence",
    "Number of the last event that this service took from each partition that this worker owns. "
    "Below terang_outbox_events_published of the topic's owner and not moving: something holds it "
    "up, see its /ready. Above it: it took what the owner did not state.",
    ["topic", "partition"],
)
CONSUMER_CHECKSUM = Gauge(
    "terang_consumer_checksum",
    "Sum of the low 48 bits of the ids of all events up to terang_consumer_sequence, modulo 2^48. "
    "Another than terang_outbox_checksum at the same number: an event was forged, or lost and "
    "replaced. Missing: not counted yet.",
    ["topic", "partition"],
)
CONSUMER_BATCH_SECONDS = Histogram(
    "terang_consumer_batch_seconds",
    "Seconds of one committed transaction with all effects of a batch. Near max_poll_interval "
    "(300): a use case does work per event.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 100),
)
CONSUMER_RETRIES = Counter(
    "terang_consumer_retries_total",
    "Batches held and tried again because a server was away, by failure. Rising for minutes: "
    "PostgreSQL or Kafka is not there.",
    ["failure"],
)
CONSUMER_SEEKS = Counter(
    "terang_consumer_seeks_total",
    "Times that partitions were sought to PostgreSQL's positions, by cause: assigned; moved "
    "(another worker took the batch); failed;"
    " lost (a connection was); due (each minute). moved, rising all the time: two workers own the "
    "same partitions.",
    ["cause"],
)
DEAD_LETTERS_OPEN = Gauge(
    "terang_dead_letters_open",
    "Dead letters of this service that wait to be settled. Above 0: `terang dead-letters list`, "
    "remove the cause, `terang dead-letters replay`.",
)
REBUILD_WANTED = Gauge(
    "terang_rebuild_wanted_events",
    "Events that passed without a subscription and whose type this version consumes, counted in "
    "passing or on the log. Above 0 until a rebuild:"
    " `terang rebuild` this "
    "service.",
)
STOPPED = Gauge(
    "terang_stopped",
    "1 in a worker that stands still because going on would be wrong, by reason: gap (an event is "
    "missing on a log that it consumes); other-log"
    " (a log that it consumes was replaced); brake (too many dead letters in a row);"
    " record (it ended three times at one record); outbox (its"
    " own "
    "log and outbox don't fit); topic (a topic"
    " is not as this version needs it); other. 0 while it works. outbox and other stop all of a "
    "worker, topic its relay or consumer, the others its consumer (terang_part_stopped). Its "
    "/ready names the remedy; start it again afterwards.",
    ["reason"],
)
PART_STOPPED = Gauge(
    "terang_part_stopped",
    "1 for a part of a worker that stands still, by part: consumer, relay, or worker (all of it). "
    "What is not stopped goes on. terang_stopped says why, /ready names the remedy.",
    ["part"],
)
DUTY_FAILURES = Counter(
    "terang_duty_failures_total",
    "Runs of a worker's recurring duty that failed and will be tried again. Rising: see the "
    "worker's log.",
    ["duty"],
)

# The way out: outbox and relay (shared/messaging/relay.py). One worker of a service leads; the
# others show 0.

OUTBOX_PUBLISHED = Gauge(
    "terang_outbox_events_published",
    "Number of the last event of each partition that Kafka is known to hold, of the topics that "
    "this service writes; only the leading worker shows it. Each consumer's "
    "terang_consumer_sequence comes up to it.",
    ["topic", "partition"],
)
OUTBOX_CHECKSUM = Gauge(
    "terang_outbox_checksum",
    "Sum of the low 48 bits of the ids of these events, modulo 2^48. Missing: not counted yet.",
    ["topic", "partition"],
)
OUTBOX_WAITING = Gauge(
    "terang_outbox_waiting_rows",
    "Events that this service has decided and that Kafka is not known to hold, as its leading "
    "relay counts them. Grows while Kafka is"
    " away and drains by itself; if it grows while Kafka is up, read the worker's log.",
)
OUTBOX_OLDEST_SECONDS = Gauge(
    "terang_outbox_oldest_seconds",
    "Seconds that the oldest of those has waited. Above a minute: is Kafka up, does a worker lead "
    "(terang_relay_leading)?",
)
RELAY_LEADING = Gauge(
    "terang_relay_leading",
    "1 in the worker whose relay leads, else 0. The sum over a service's workers is 1; at 0 for a "
    "minute nothing leaves the service.",
)
RELAY_TAKEOVERS = Counter(
    "terang_relay_takeovers_total",
    "Times that this worker's relay took the lead. One a start is right; more are lost "
    "connections to PostgreSQL or Kafka: see the log.",
)
RELAY_PUBLISHED = Counter(
    "terang_relay_published_total",
    "Events that Kafka acknowledged to this worker's relay, by topic.",
    ["topic"],
)
