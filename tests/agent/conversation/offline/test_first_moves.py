"""What the planner calls for what people write, in both languages, and when it calls nothing."""

from __future__ import annotations

from typing import Any

import pytest

from agent.conversation.offline.model import PlannerModel
from tests.agent.conversation.offline.script import TOOLS, calls, move

VOLUME = {"requests_per_month": 300_000, "input_tokens": 2000, "output_tokens": 300}
LISTING = "FROM datasets"

MOVES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    # a choice
    ("open weights, 128k context, under $400 a month, 10k requests a day of 2,000 in / 300 out", "recommend_models",
     {"requirements": {"open_weights": True, "min_context_tokens": 128_000, "max_monthly_usd": "400", "workload": VOLUME}}),
    ("Which model is best for coding?", "recommend_models", {"requirements": {"board": "coding", "wishes": {"quality": 15.0}}}),
    ("I need a cheap LLM that reads images", "recommend_models",
     {"requirements": {"modalities_in": ["image"], "board": "vision", "wishes": {"cost": 9.0}}}),
    ("recommend a model with tool calling, nothing made in China", "recommend_models",
     {"requirements": {"tool_calling": True, "maker_countries_deny": ["cn"]}}),
    ("run it on our own GPUs, 24 GB", "recommend_models", {"requirements": {"own_hardware": True, "memory_gb": 24.0}}),
    ("商用利用できるオープンなモデルで、月400ドル以下", "recommend_models",
     {"requirements": {"open_weights": True, "commercial_use": True, "max_monthly_usd": "400"}}),
    ("日本語に強いモデルを教えてください", "recommend_models", {"requirements": {"board": "japanese"}}),
    ("ツール呼び出しができる最新のモデルのおすすめは？", "recommend_models", {"requirements": {"tool_calling": True, "wishes": {"recency": 3.0}}}),
    ("why not gpt-4o?", "recommend_models", {"requirements": {"ask_about": ["openai/gpt-4o"]}}),
    ("なぜgpt-4oではないのですか？", "recommend_models", {"requirements": {"ask_about": ["openai/gpt-4o"]}}),
    # named models
    ("compare gpt-5.1 and claude sonnet 4.5", "compare_models", {"models": ["openai/gpt-5.1", "anthropic/claude-sonnet-4-5"]}),
    ("gpt-5.1 vs qwen3-32b at 100k requests a month, 1000 in, 200 out", "compare_models",
     {"models": ["openai/gpt-5.1", "alibaba/qwen3-32b"], "workload": {"requests_per_month": 100_000, "input_tokens": 1000, "output_tokens": 200}}),
    ("gpt-5.1とqwen3-32bを比較して", "compare_models", {"models": ["openai/gpt-5.1", "alibaba/qwen3-32b"]}),
    ("compare claude and gemini", "compare_models", {"models": ["claude", "gemini"]}),
    ("What is the context window of gpt-5.1?", "compare_models", {"models": ["openai/gpt-5.1"]}),
    ("tell me about deepseek-v3.2", "compare_models", {"models": ["deepseek/deepseek-v3.2"]}),
    ("gpt-5.1のライセンスは？", "compare_models", {"models": ["openai/gpt-5.1"]}),
    ("can gpt-5.1 call tools?", "compare_models", {"models": ["openai/gpt-5.1"]}),
    ("which open model is better, qwen3-32b or gpt-oss-120b?", "compare_models", {"models": ["alibaba/qwen3-32b", "openai/gpt-oss-120b"]}),
    ("qwen3-32bは商用利用できますか？", "compare_models", {"models": ["alibaba/qwen3-32b"]}),
    ("is qwen3-32b open source?", "compare_models", {"models": ["alibaba/qwen3-32b"]}),
    ("How much would gpt-5.1 cost for 1M requests a month with 500 in and 100 out?", "compare_models",
     {"models": ["openai/gpt-5.1"], "workload": {"requests_per_month": 1_000_000, "input_tokens": 500, "output_tokens": 100}}),
    # approach
    ("Is RAG better than fine-tuning for 20k requests a month, 3000 in and 400 out, at $0.5 in and $2 out per million tokens?", "advise_approach",
     {"task": {"requests_per_month": 20_000, "input_tokens": 3000, "output_tokens": 400, "input_usd_per_mtok": "0.5", "output_usd_per_mtok": "2"}}),
    ("fine-tune or RAG? 10k requests a day, 2,000 tokens in, 300 out, at $1 per million input tokens and $4 per million output tokens, "
     "500 labelled examples",
     "advise_approach", {"task": VOLUME | {"labelled_examples": 500, "input_usd_per_mtok": "1", "output_usd_per_mtok": "4"}}),
    ("Should we fine-tune gpt-4o-mini? 10k requests a day, 2,000 tokens in, 300 out", "compare_models", {"models": ["openai/gpt-4o-mini"]}),
    ("ファインチューニングとRAGのどちらがいいですか？1日1万リクエスト、入力2000トークン、出力300トークン", "recommend_models",
     {"requirements": {"workload": VOLUME}}),
    # data
    ("which data sets are loaded?", "query_dataset", {"sql": LISTING}),
    ("データセットの一覧を見せて", "query_dataset", {"sql": LISTING}),
    ("how many products are in pans?", "query_dataset", {"sql": "count(*) AS items FROM products WHERE lower(dataset) = 'pans'"}),
    ("average price by category in pans", "query_dataset", {"sql": "AS priced FROM products WHERE lower(dataset) = 'pans' GROUP BY ALL"}),
    ("the 3 cheapest products in pans under $30", "query_dataset",
     {"sql": "price_usd <= 30 AND price_usd IS NOT NULL ORDER BY price_usd, dataset, id LIMIT 3"}),
    ("pansの平均価格は？", "query_dataset", {"sql": "avg(price_usd)"}),
    ("pansには商品が何件ありますか", "query_dataset", {"sql": "WHERE lower(dataset) = 'pans'"}),
    ("why were records dropped in pans?", "query_dataset", {"sql": "FROM dropped WHERE lower(dataset) = 'pans'"}),
    ("what did my runs cost?", "query_dataset", {"sql": "sum(cost_usd)"}),
    ("how many open-weight models are there?", "query_dataset", {"sql": "FROM models WHERE current AND open_weights"}),
    ("who sells qwen3-32b?", "query_dataset", {"sql": "FROM offerings WHERE model = 'alibaba/qwen3-32b'"}),
    ("qwen3-32bの提供元は？", "query_dataset", {"sql": "FROM offerings WHERE model = 'alibaba/qwen3-32b'"}),
    ("SELECT count(*) FROM products", "query_dataset", {"sql": "SELECT count(*) FROM products"}),
    # products
    ('find products like "steel pan" under $30', "search_products", {"text": "steel pan", "most_usd": 30.0}),
    ("products similar to a cast iron skillet", "search_products", {"text": "cast iron skillet"}),
    ("「鉄のフライパン」に似た商品", "search_products", {"text": "鉄のフライパン"}),
    ("find something similar to wireless headphones between $20 and $50", "search_products",
     {"text": "wireless headphones", "least_usd": 20.0, "most_usd": 50.0}),
    # measuring: the data set is looked up first
    ("measure gpt-4o-mini on pans", "query_dataset", {"sql": LISTING}),
    ("run a baseline on pans", "query_dataset", {"sql": LISTING}),
    ("pansでベースラインを実行して", "query_dataset", {"sql": LISTING}),
    ("gpt-4o-miniをpansで測って", "query_dataset", {"sql": LISTING}),
    ("ask gpt-4o-mini about 20 items of pans, at most $0.10", "query_dataset", {"sql": LISTING}),
    ("pansでgpt-4o-miniを20件、0.1ドル以内で測って", "query_dataset", {"sql": LISTING}),
    ("evaluate mean on pans", "query_dataset", {"sql": LISTING}),
    ("fine-tune minilm on pans for 2 epochs", "start_fine_tune", {"dataset": "pans", "base": "minilm", "epochs": 2.0, "confirm": False}),
    ("pansでminilmをファインチューニングして", "start_fine_tune", {"dataset": "pans", "base": "minilm", "confirm": False}),
    ("compare all my runs on pans", "query_dataset", {"sql": "FROM runs"}),
    ("compare runs mean-pans-fb67cf40 and tfidf-ridge-pans-0276579b", "compare_runs", {"runs": ["mean-pans-fb67cf40", "tfidf-ridge-pans-0276579b"]}),
    # jobs
    ("wait for job frontier-0123abcd", "get_job", {"job_id": "frontier-0123abcd"}),
    ("list my jobs", "get_job", {}),
    ("how is job baseline-0123abcd doing?", "get_job", {"job_id": "baseline-0123abcd"}),
    ("ジョブの状態は？", "get_job", {}),
    ("cancel job frontier-0123abcd", "cancel_job", {"job_id": "frontier-0123abcd"}),
    ("ジョブ frontier-0123abcd を止めて", "cancel_job", {"job_id": "frontier-0123abcd"}),
)  # fmt: skip

SILENT = (
    ("hello", "Tell me what you need"), ("こんにちは", "教えてください"), ("thanks!", "welcome"),
    ("help", "You can ask me to"), ("何ができますか", "頼めます"),
    ("what is the weather tomorrow?", "don't know"), ("who won the world cup?", "don't know"), ("write me a poem about spring", "don't know"),
    ("translate this into French: good morning", "don't know"), ("明日の天気は？", "わかりません"), ("メールの返信を書いて", "わかりません"),
    ("what is the capital of France?", "don't know"), ("Is Claude HIPAA compliant?", "no facts on certifications"),
    ("what's the latency of gpt-5.1 in ms?", "don't know"), ("gpt-5.1のレイテンシは何ミリ秒ですか", "わかりません"),
    ("which models hallucinate least?", "don't know"),
    ("yes", "nothing that waits"), ("はい", "承認を待っているものはありません"), ("no", "Nothing was started"), ("", "don't know"),
    ("Should I fine-tune or use RAG?", "requests a month"), ("measure the first two on pans", "Which models"), ("similar products", "Like what"),
    ("what is the standard deviation of titles in the pans data set?", "assay data query"), ("-500 tokens per request", "cannot be negative"),
)  # fmt: skip


def holds(found: Any, wanted: Any) -> bool:
    """Whether an argument is, or for SQL contains, what is wanted."""
    return wanted in found if isinstance(wanted, str) and isinstance(found, str) else bool(found == wanted)


@pytest.mark.parametrize(("said", "tool", "arguments"), MOVES, ids=[said[:60] for said, _, _ in MOVES])
def test_the_words_choose_the_tool_and_its_arguments(said: str, tool: str, arguments: dict[str, Any]) -> None:
    ((called, given),) = calls([move(said)])
    assert called == tool
    assert set(given) == set(arguments) or tool == "start_fine_tune"
    assert all(holds(given[name], wanted) for name, wanted in arguments.items()), given


@pytest.mark.parametrize(("said", "answer"), SILENT, ids=[said[:60] for said, _ in SILENT])
def test_what_no_tool_answers_calls_nothing(said: str, answer: str) -> None:
    message = move(said)
    assert message.tool_calls == []
    assert answer in str(message.content)


@pytest.mark.parametrize("missing", TOOLS)
def test_a_tool_that_is_not_bound_is_never_called(missing: str) -> None:
    model = PlannerModel().bind_tools(
        [{"type": "function", "function": {"name": name}} for name in TOOLS if name != missing]
    )
    for said, tool, _ in MOVES:
        if tool == missing:
            message = move(said, model=model)
            assert not message.tool_calls
            assert missing in str(message.content)


def test_the_planner_costs_no_tokens() -> None:
    assert move("hello").usage_metadata == {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}


def test_the_same_words_get_the_same_message() -> None:
    first, second = move("compare gpt-5.1 and qwen3-32b"), move("compare gpt-5.1 and qwen3-32b")
    assert (first.tool_calls, first.content) == (second.tool_calls, second.content)


def test_a_quote_in_a_name_ends_no_text_of_the_statement() -> None:
    ((_, given),) = calls([move("how many products in category \"x' OR 'a'='a\" are in pans?")])
    assert "lower(category) = 'x'' or ''a''=''a'" in given["sql"]
