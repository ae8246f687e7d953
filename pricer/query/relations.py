"""The relations that SQL sees: one table that makes them and explains them."""

from __future__ import annotations

from dataclasses import dataclass

from pricer.products.items import DROPPED_COLUMNS, ITEM_COLUMNS, Column


@dataclass(frozen=True, slots=True)
class Relation:
    """A table or view. `select` defines a view over the relations in `needs`; without it, rows or files are given at run time."""

    name: str
    meaning: str
    columns: tuple[Column, ...]
    select: str | None = None
    needs: tuple[str, ...] = ()


USD_PER_MTOK = "US dollars per million tokens"
PRICE = "DECIMAL(18,9)"
DATASET = Column("dataset", "VARCHAR", "name of the data set", example="appliances")
MODEL = Column("model", "VARCHAR", "the model: models.id", example="openai/gpt-5.1")
SOURCE = (
    Column("source", "VARCHAR", "who says so", example="models.dev"),
    Column("as_of", "VARCHAR", "ISO date of that statement: YYYY-MM-DD, or YYYY-MM", example="2026-10"),
)

RELATIONS = (
    Relation("products", "one row per curated item of every data set here", (
        DATASET, *ITEM_COLUMNS,
        Column("price_usd", "DOUBLE", "target, where the data set's unit is US dollars; else null", unit="US dollars"),
    )),
    Relation("dropped", "one row per raw record that curation refused", (DATASET, *DROPPED_COLUMNS)),
    Relation("splits", "one row per data set, split and category, counted from products", (
        DATASET,
        Column("split", "VARCHAR", "train, validation or test", example="test"),
        Column("category", "VARCHAR", "main category; null when the source states none"),
        Column("items", "BIGINT", "number of items"),
        Column("families", "BIGINT", "number of families of near-duplicates"),
        Column("mean_price_usd", "DOUBLE", "mean of price_usd", unit="US dollars"),
        Column("median_price_usd", "DOUBLE", "median of price_usd", unit="US dollars"),
        Column("min_price_usd", "DOUBLE", "lowest price_usd", unit="US dollars"),
        Column("max_price_usd", "DOUBLE", "highest price_usd", unit="US dollars"),
        Column("mean_target", "DOUBLE", "mean of target, whatever its unit", unit="the data set's unit"),
        Column("mean_tokens", "DOUBLE", "mean length of text", unit="tokens"),
    ), select=(
        "SELECT dataset, split, category, count(*), count(DISTINCT family), avg(price_usd), median(price_usd), min(price_usd), "
        "max(price_usd), avg(target), avg(tokens) FROM products GROUP BY dataset, split, category ORDER BY dataset, split, category"
    ), needs=("products",)),
    Relation("datasets", "one row per data set, from its manifest", (
        DATASET,
        Column("source_kind", "VARCHAR", "where it was loaded from"),
        Column("source_name", "VARCHAR", "the source's own name"),
        Column("synthetic", "BOOLEAN", "whether the records are made up"),
        Column("raw", "BIGINT", "records read", unit="records"),
        Column("kept", "BIGINT", "records kept as items", unit="records"),
        Column("dropped", "BIGINT", "records dropped; raw = kept + dropped", unit="records"),
        Column("target", "VARCHAR", "name of what is predicted", example="price"),
        Column("unit", "VARCHAR", "unit of products.target; null for labels", example="usd"),
        Column("fingerprint", "VARCHAR", "hash of the content; runs name the one they saw"),
    )),
    Relation("runs", "one row per evaluation run in the home folder", (
        Column("run", "VARCHAR", "name of the run"),
        DATASET,
        Column("split", "VARCHAR", "the part of the data set that was asked", example="test"),
        Column("predictor", "VARCHAR", "what predicted", example="chat"),
        Column("model", "VARCHAR", "the model: models.id; null for predictors without one", example="openai/gpt-5.1"),
        Column("n", "BIGINT", "items asked"),
        Column("failures", "BIGINT", "refused or unreadable answers, never counted as a price"),
        Column("input_tokens", "BIGINT", "sent in all", unit="tokens"),
        Column("output_tokens", "BIGINT", "received in all", unit="tokens"),
        Column("cost_usd", PRICE, "at the prices of the day of the run; null when unknown", unit="US dollars"),
        Column("wall_s", "DOUBLE", "duration", unit="seconds"),
        Column("started_at", "TIMESTAMP", "start, UTC"),
        Column("data_fingerprint", "VARCHAR", "datasets.fingerprint at the time"),
    )),
    Relation("answers", "one row per run and answered item", (
        Column("run", "VARCHAR", "the run: runs.run"),
        Column("item_id", "VARCHAR", "the item: products.id within the run's data set"),
        Column("guess", "DOUBLE", "the predicted number; null when the answer failed", unit="the data set's unit"),
        Column("guess_label", "VARCHAR", "the predicted label; null for numbers"),
        Column("failure", "VARCHAR", "why there is no guess; null when there is one"),
        Column("input_tokens", "BIGINT", "sent", unit="tokens"),
        Column("output_tokens", "BIGINT", "received", unit="tokens"),
        Column("latency_s", "DOUBLE", "time to the whole answer", unit="seconds"),
        Column("raw_reply", "VARCHAR", "what came back, word for word"),
    )),
    Relation("models", "one row per LLM of the catalogue; each value is the most trusted claim (all are in claims), null = unknown", (
        Column("id", "VARCHAR", "maker/model", example="openai/gpt-5.1"),
        Column("maker", "VARCHAR", "who trained it", example="openai"),
        Column("name", "VARCHAR", "display name"),
        Column("family", "VARCHAR", "family of models"),
        Column("current", "BOOLEAN", "could be bought or downloaded on the day the catalogue was built"),
        Column("open_weights", "BOOLEAN", "whether the weights can be downloaded"),
        Column("license", "VARCHAR", "licence tag", example="apache-2.0"),
        Column("release_date", "VARCHAR", "ISO text YYYY-MM-DD, YYYY-MM or YYYY: compare as text", example="2025-11-13"),
        Column("knowledge_cutoff", "VARCHAR", "ISO text YYYY-MM-DD, YYYY-MM or YYYY: compare as text", example="2024-09-30"),
        Column("context_tokens", "BIGINT", "window for input and output together", unit="tokens"),
        Column("max_input_tokens", "BIGINT", "longest prompt", unit="tokens"),
        Column("max_output_tokens", "BIGINT", "longest answer", unit="tokens"),
        Column("parameters_b", "DOUBLE", "size", unit="billions of parameters"),
        Column("active_parameters_b", "DOUBLE", "parameters used per token (mixture of experts)", unit="billions of parameters"),
        Column("training_tokens_t", "DOUBLE", "training set", unit="trillions of tokens"),
        Column("modalities_in", "VARCHAR[]", "what it reads: list_contains(modalities_in, 'image')", example="[text, image]"),
        Column("modalities_out", "VARCHAR[]", "what it writes", example="[text]"),
        Column("tool_calling", "BOOLEAN", "whether it calls tools"),
        Column("structured_output", "BOOLEAN", "whether it keeps to a JSON schema"),
        Column("reasoning", "BOOLEAN", "whether it reasons before it answers"),
        Column("retires", "VARCHAR", "ISO date on which the maker withdraws it"),
        Column("repo", "VARCHAR", "where the weights are", example="Qwen/Qwen3-32B"),
        Column("disputed", "VARCHAR[]", "columns on which sources disagree"),
    )),
    Relation("offerings", "one row per model, provider product and region, at its most trusted price list; null = unknown, never free", (
        MODEL,
        Column("provider", "VARCHAR", "who sells it", example="deepinfra"),
        Column("offering", "VARCHAR", "the provider's own name for it"),
        Column("region", "VARCHAR", "where it runs; null = unstated"),
        Column("first_party", "BOOLEAN", "whether the maker itself sells it"),
        Column("live", "BOOLEAN", "could be bought at a believable price on the day the catalogue was built: filter on it"),
        Column("input_usd_per_mtok", PRICE, "prompt, rounded to 9 decimals", unit=USD_PER_MTOK, example="1.25"),
        Column("output_usd_per_mtok", PRICE, "answer", unit=USD_PER_MTOK, example="10"),
        Column("cache_read_usd_per_mtok", PRICE, "cached prompt", unit=USD_PER_MTOK),
        Column("cache_write_usd_per_mtok", PRICE, "writing the cache", unit=USD_PER_MTOK),
        Column("reasoning_usd_per_mtok", PRICE, "reasoning, where it differs from output", unit=USD_PER_MTOK),
        Column("batch", "BOOLEAN", "whether batch prices are listed"),
        Column("batch_input_usd_per_mtok", PRICE, "prompt in a batch", unit=USD_PER_MTOK),
        Column("batch_output_usd_per_mtok", PRICE, "answer in a batch", unit=USD_PER_MTOK),
        Column("long_above_tokens", "BIGINT", "prompts longer than this pay the long_ prices", unit="tokens"),
        Column("long_input_usd_per_mtok", PRICE, "prompt of a long request", unit=USD_PER_MTOK),
        Column("long_output_usd_per_mtok", PRICE, "answer to a long request", unit=USD_PER_MTOK),
        Column("other_tiers", "VARCHAR[]", "further price tiers, not shown here", example="[flex, priority]"),
        Column("max_input_tokens", "BIGINT", "longest prompt here", unit="tokens"),
        Column("max_output_tokens", "BIGINT", "longest answer here", unit="tokens"),
        Column("requests_per_minute", "BIGINT", "rate limit", unit="requests per minute"),
        Column("tokens_per_minute", "BIGINT", "rate limit", unit="tokens per minute"),
        Column("output_tokens_per_s", "DOUBLE", "speed as a source measured it", unit="tokens per second"),
        Column("first_token_s", "DOUBLE", "time to the first token as a source measured it", unit="seconds"),
        Column("retires", "VARCHAR", "ISO date on which this offering ends"),
        *SOURCE,
        Column("url", "VARCHAR", "where the source has it from"),
    )),
    Relation("ratings", "one row per model and arena board; ratings of different boards cannot be compared", (
        MODEL,
        Column("board", "VARCHAR", "which arena", example="overall"),
        Column("arena_name", "VARCHAR", "the arena's name for the model"),
        Column("rating", "DOUBLE", "arena rating", unit="Elo-like points"),
        Column("low", "DOUBLE", "lower end of its 95 % interval", unit="Elo-like points"),
        Column("high", "DOUBLE", "upper end of its 95 % interval", unit="Elo-like points"),
        Column("votes", "BIGINT", "votes behind it"),
        Column("rank", "BIGINT", "place on the board, 1 is best"),
        *SOURCE,
    )),
    Relation("benchmarks", "one row per model, benchmark and source", (
        MODEL,
        Column("benchmark", "VARCHAR", "its name", example="mmlu-pro"),
        Column("score", "DOUBLE", "as the source reports it, in unit"),
        Column("unit", "VARCHAR", "percent, index or points", example="percent"),
        Column("self_reported", "BOOLEAN", "whether the maker measured it itself"),
        *SOURCE,
        Column("url", "VARCHAR", "where the source has it from"),
    )),
    Relation("claims", "one row per model, fact and source: where every value of models comes from", (
        MODEL,
        Column("fact", "VARCHAR", "what it is about: a column of models, or kv_bytes_per_token, kv_bytes_at_most", example="context_tokens"),
        Column("value", "VARCHAR", "what the source says, as text"),
        Column("trust", "BIGINT", "1 is the most trusted, the value in models"),
        *SOURCE,
    )),
    Relation("schema_columns", "one row per column of every relation: this page as a table", (
        Column("relation", "VARCHAR", "name of the relation"),
        Column("column_name", "VARCHAR", "name of the column"),
        Column("type", "VARCHAR", "DuckDB type"),
        Column("unit", "VARCHAR", "unit of a number"),
        Column("meaning", "VARCHAR", "what it says"),
        Column("example", "VARCHAR", "a value"),
    )),
)  # fmt: skip

JOINS = (
    "products.dataset, dropped.dataset, splits.dataset, runs.dataset = datasets.dataset",
    "runs.model, offerings.model, ratings.model, benchmarks.model, claims.model = models.id",
    "answers.run = runs.run",
    "answers.item_id = products.id AND runs.dataset = products.dataset",
    "runs.data_fingerprint = datasets.fingerprint",
)

EXAMPLES = (
    "SELECT dataset, category, count(*) AS items, round(avg(price_usd), 2) AS mean_usd FROM products GROUP BY ALL ORDER BY items DESC",
    "SELECT reason, count(*) AS n FROM dropped WHERE dataset = 'appliances' GROUP BY reason ORDER BY n DESC",
    "SELECT m.id, o.provider, o.input_usd_per_mtok, r.rating FROM models m JOIN offerings o ON o.model = m.id JOIN ratings r ON "
    "r.model = m.id WHERE o.live AND r.board = 'overall' AND m.open_weights ORDER BY r.rating DESC, o.input_usd_per_mtok LIMIT 10",
    "SELECT p.category, m.maker, avg(abs(a.guess - p.target)) AS mae FROM answers a JOIN runs r USING (run) JOIN products p ON "
    "p.id = a.item_id AND p.dataset = r.dataset LEFT JOIN models m ON m.id = r.model WHERE a.failure IS NULL GROUP BY ALL",
)

BY_NAME = {relation.name: relation for relation in RELATIONS}


def schema_text() -> str:
    """Every relation, column, type, unit and join, with examples: enough to write SQL from."""
    lines = ["One SELECT in DuckDB's SQL over these relations. Null means unknown. Nothing else can be read.", ""]
    for relation in RELATIONS:
        lines.append(f"{relation.name}: {relation.meaning}")
        lines += [f"  {_told(column)}" for column in relation.columns]
        lines.append("")
    lines += ["Joins", *(f"  {join}" for join in JOINS), "", "Examples", *(f"  {example}" for example in EXAMPLES), ""]
    return "\n".join(lines)


def schema_rows() -> list[dict[str, str | None]]:
    """The rows of `schema_columns`."""
    return [
        {"relation": relation.name, "column_name": c.name, "type": c.type, "unit": c.unit, "meaning": c.meaning, "example": c.example}
        for relation in RELATIONS
        for c in relation.columns
    ]  # fmt: skip


def create_table(relation: Relation) -> str:
    """The statement that makes an empty table of this shape."""
    return f"CREATE TABLE {relation.name} ({', '.join(f'{quoted(c.name)} {c.type}' for c in relation.columns)})"


def create_view(relation: Relation, select: str) -> str:
    """The statement that makes a view of this shape."""
    return f"CREATE VIEW {relation.name} ({', '.join(quoted(c.name) for c in relation.columns)}) AS {select}"


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as an SQL string."""
    return "'" + text.replace("'", "''") + "'"


def _told(column: Column) -> str:
    unit = f" [{column.unit}]" if column.unit else ""
    example = f", e.g. {column.example}" if column.example else ""
    return f"{column.name} {column.type}{unit}: {column.meaning}{example}"
