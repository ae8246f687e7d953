"""Sightings become models: who is the same, whom to believe, what stays out and why."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from catalog.merge import from_name, merge
from catalog.models import Benchmark, Model, Offering, PriceSheet, Rates, Rating
from catalog.sources.sighting import Sighting
from tests.catalog.toys import AS_OF, dollars


def sold(source: str, path: str, *, at: str = "anthropic", price: str = "1", **rest: Any) -> Sighting:
    """A row of a price list. Names of facts become facts, `seller` says that the maker lists it itself."""
    sheet = PriceSheet(source, AS_OF, None, Rates(dollars(price), 5 * dollars(price)))
    place = Offering(at, f"{at}/{path}", rest.pop("region", None), (sheet,))
    return Sighting(source, AS_OF, path, offering=place, **_split(rest))


def seen(source: str, path: str, **rest: Any) -> Sighting:
    """A row that says something about a model but sells nothing."""
    return Sighting(source, AS_OF, path, **_split(rest))


def _split(values: dict[str, Any]) -> dict[str, Any]:
    own = {name: values.pop(name) for name in tuple(values) if name in Sighting.__dataclass_fields__}
    return {**own, "facts": values}


def by_maker(path: str, **rest: Any) -> Sighting:
    """A closed Claude on its maker's price list."""
    return sold("models.dev", path, seller="anthropic", open_weights=False, **rest)


def models(*sightings: Sighting) -> dict[str, Model]:
    return {model.id: model for model in merge(sightings)[0]}


def left(*sightings: Sighting) -> dict[str, int]:
    return dict(merge(sightings)[1].counts)


OPEN_QWEN = seen(
    "models.dev", "Qwen/Qwen3-32B", seller="alibaba", listed=True,
    open_weights=True, repo="Qwen/Qwen3-32B", release_date="2025-04-28",
)  # fmt: skip

# --- whom to believe


def test_the_most_trusted_source_gives_the_value() -> None:
    found = models(
        OPEN_QWEN,
        seen("llm-stats", "qwen/qwen3-32b", parameters_b=33.0),
        seen("llmfit", "Qwen/Qwen3-32B", parameters_b=32.762),
    )
    assert found["alibaba/qwen3-32b"].parameters_b.value == 32.762


def test_a_source_that_disagrees_is_kept_behind_the_trusted_one() -> None:
    found = models(
        OPEN_QWEN,
        seen("llm-stats", "qwen/qwen3-32b", parameters_b=33.0),
        seen("llmfit", "Qwen/Qwen3-32B", parameters_b=32.762),
    )
    claims = found["alibaba/qwen3-32b"].parameters_b.claims
    assert [(c.value, c.source) for c in claims][:2] == [(32.762, "llmfit"), (33.0, "llm-stats")]


def test_sources_that_agree_each_keep_their_claim_of_one_value() -> None:
    found = models(
        OPEN_QWEN,
        seen("inspect-ai", "alibaba/qwen3-32b", context_tokens=131_072),
        seen("llmfit", "Qwen/Qwen3-32B", context_tokens=131_072),
    )
    fact = found["alibaba/qwen3-32b"].context_tokens
    assert [claim.source for claim in fact.claims] == ["inspect-ai", "llmfit"]
    assert fact.values == (131_072,)


def test_a_reviewed_fact_wins_over_every_feed() -> None:
    found = models(
        OPEN_QWEN,
        seen("llmfit", "Qwen/Qwen3-32B", license="other-thing"),
        seen("curated", "alibaba/qwen3-32b", seller="alibaba", license="apache-2.0"),
    )
    assert found["alibaba/qwen3-32b"].license.value == "apache-2.0"


def test_the_makers_own_entry_wins_over_a_hosts_entry_of_the_same_source() -> None:
    found = models(
        by_maker("claude-haiku-4-5", context_tokens=200_000),
        *(sold("models.dev", "claude-haiku-4-5", at=f"host-{n}", context_tokens=100_000) for n in range(3)),
    )
    assert found["anthropic/claude-haiku-4-5"].context_tokens.value == 200_000


def test_among_hosts_of_one_source_the_value_that_most_give_is_its_claim() -> None:
    found = models(
        by_maker("claude-haiku-4-5"),
        *(sold("litellm", "claude-haiku-4-5", at=f"host-{n}", max_output_tokens=64_000) for n in range(2)),
        sold("litellm", "claude-haiku-4-5", at="another", max_output_tokens=8_192),
    )
    claims = found["anthropic/claude-haiku-4-5"].max_output_tokens.claims
    assert [(claim.value, claim.source) for claim in claims] == [(64_000, "litellm")]


@pytest.mark.parametrize(("hosts", "believed"), [(2, False), (3, True)])
def test_two_hosts_calling_a_model_open_are_not_believed_but_three_are(hosts: int, believed: bool) -> None:
    rows = [sold("models.dev", "qwen3-99b", at=f"host-{n}", open_weights=True) for n in range(hosts)]
    found = models(seen("arena", "alibaba/qwen3-99b", listed=True), *rows)
    assert ("alibaba/qwen3-99b" in found) is believed


def test_an_unknown_fact_stays_unknown() -> None:
    assert models(OPEN_QWEN)["alibaba/qwen3-32b"].knowledge_cutoff.value is None


def test_the_result_does_not_depend_on_the_order_of_the_sightings() -> None:
    rows = (
        OPEN_QWEN,
        seen("llm-stats", "qwen/qwen3-32b", parameters_b=33.0),
        seen("llmfit", "Qwen/Qwen3-32B", parameters_b=32.762, license="apache-2.0"),
        sold("litellm", "qwen/qwen3-32b", at="groq"),
    )
    first = merge(rows)[0]
    assert all(merge(order)[0] == first for order in permutations(rows))


# --- who is the same


def test_a_single_dated_release_joins_its_undated_name() -> None:
    found = models(by_maker("claude-haiku-4-5"), by_maker("claude-haiku-4-5-20251001"))
    assert set(found) == {"anthropic/claude-haiku-4-5"}


def test_the_joined_model_names_the_release_that_it_denotes() -> None:
    found = models(by_maker("claude-haiku-4-5"), by_maker("claude-haiku-4-5-20251001"))
    assert found["anthropic/claude-haiku-4-5"].denotes == "claude-haiku-4-5-20251001"


def test_several_dated_releases_do_not_join_their_undated_name() -> None:
    found = models(*(by_maker(f"claude-x{date}") for date in ("", "-20250101", "-20250601")))
    assert set(found) == {"anthropic/claude-x", "anthropic/claude-x-20250101", "anthropic/claude-x-20250601"}


def test_of_several_dated_releases_the_one_that_the_maker_states_joins() -> None:
    stated = by_maker("claude-x", denotes="claude-x-20250601")
    found = models(stated, by_maker("claude-x-20250101"), by_maker("claude-x-20250601"))
    assert set(found) == {"anthropic/claude-x", "anthropic/claude-x-20250101"}
    assert "claude-x-20250601" in found["anthropic/claude-x"].aliases


def test_what_a_host_says_of_an_alias_does_not_join_it() -> None:
    said = sold("models.dev", "claude-x", at="a-host", denotes="claude-x-20250601")
    found = models(by_maker("claude-x"), said, by_maker("claude-x-20250101"), by_maker("claude-x-20250601"))
    assert "anthropic/claude-x-20250601" in found


def test_a_latest_name_joins_its_plain_name() -> None:
    found = models(by_maker("claude-x"), by_maker("claude-x-latest"))
    assert set(found) == {"anthropic/claude-x"}


def test_other_spellings_are_kept_as_aliases() -> None:
    found = models(
        by_maker("claude-haiku-4-5"), sold("litellm", "anthropic.claude-haiku-4.5-v1:0", at="amazon-bedrock")
    )
    assert found["anthropic/claude-haiku-4-5"].aliases == ("claude-haiku-4.5",)


def test_models_come_ordered_by_id() -> None:
    found = list(models(by_maker("claude-z"), by_maker("claude-a"), OPEN_QWEN))
    assert found == sorted(found)


# --- what a repository lends


def test_a_community_repository_does_not_lend_its_licence() -> None:
    found = models(
        seen("models.dev", "meta-llama/Llama-3.1-8B-Instruct", seller="meta", listed=True, open_weights=True,
             repo="meta-llama/Llama-3.1-8B-Instruct", release_date="2024-07-23"),
        seen("llmfit", "someone/Llama-3.1-8B-Instruct", license="mit", parameters_b=8.03),
    )  # fmt: skip
    assert not found["meta/llama-3.1-8b-instruct"].license.known


def test_a_community_repository_is_counted_as_left_out() -> None:
    rows = (OPEN_QWEN, seen("llmfit", "someone/Qwen3-32B", license="mit"), seen("llmfit", "another/Qwen3-32B"))
    assert left(*rows)["repository of a third party"] == 2


def test_the_makers_repository_lends_its_licence() -> None:
    found = models(OPEN_QWEN, seen("llmfit", "Qwen/Qwen3-32B", license="apache-2.0"))
    assert found["alibaba/qwen3-32b"].license.value == "apache-2.0"


def test_a_repository_that_another_source_names_lends_what_is_known_of_it() -> None:
    found = models(
        seen("models.dev", "stepfun/step-3.5-flash-2603", seller="stepfun", listed=True, open_weights=True,
             repo="stepfun-ai/Step-3.5-Flash", release_date="2026-04-02"),
        seen("llmfit", "stepfun-ai/Step-3.5-Flash", license="apache-2.0"),
    )  # fmt: skip
    assert found["stepfun/step-3.5-flash-2603"].license.value == "apache-2.0"


# --- what stays out


def test_a_closed_model_on_no_list_of_its_makers_is_left_out() -> None:
    rows = (by_maker("claude-a"), seen("llm-stats", "anthropic/claude-b", seller="anthropic", open_weights=False),
            sold("litellm", "anthropic/claude-b", at="a-host"))  # fmt: skip
    assert set(models(*rows)) == {"anthropic/claude-a"}
    assert left(*rows) == {"closed and on no list of its maker's": 2}


def test_an_open_model_on_no_price_list_is_kept() -> None:
    assert set(models(OPEN_QWEN)) == {"alibaba/qwen3-32b"}


def test_a_model_of_no_known_maker_is_counted() -> None:
    assert left(seen("litellm", "acme/rocket"), seen("litellm", "acme/comet")) == {"maker not recognised": 2}


def test_a_model_that_only_hosts_name_is_counted_by_its_rows() -> None:
    rows = [sold("models.dev", "claude-of-our-own", at=f"host-{n}") for n in range(4)]
    assert left(*rows) == {"named by hosts only": 4}


@pytest.mark.parametrize(
    "slug", ["qwen3-embedding-8b", "qwen3-reranker-4b", "qwen-image", "qwen3-tts", "qwen3-8b-base"]
)
def test_a_model_that_does_not_chat_is_left_out(slug: str) -> None:
    rows = (sold("models.dev", slug, at="alibaba", seller="alibaba", open_weights=True),)
    assert left(*rows) == {"not a chat model": 1}


def test_a_model_that_writes_no_text_is_left_out() -> None:
    row = sold("models.dev", "qwen-painter", at="alibaba", seller="alibaba", modalities_out=("image",))
    assert left(row) == {"not a chat model": 1}


def test_a_model_that_is_neither_offered_nor_to_be_downloaded_is_left_out() -> None:
    row = seen("models.dev", "alibaba/qwen-dream", seller="alibaba", listed=True, open_weights=True)
    assert left(row) == {"neither offered nor a tracked download": 1}


def test_a_download_that_no_source_dates_is_left_out() -> None:
    row = seen("models.dev", "alibaba/qwen-dream", seller="alibaba", listed=True, open_weights=True, repo="Qwen/Dream")
    assert left(row) == {"neither offered nor a tracked download": 1}


def test_a_model_of_which_no_source_says_whether_it_is_open_is_left_out() -> None:
    row = sold("litellm", "qwen-secret", at="alibaba", seller="alibaba")
    assert left(row) == {"no source says whether its weights are open": 1}


def test_every_row_is_either_in_a_model_or_counted() -> None:
    rows = (by_maker("claude-a"), OPEN_QWEN, seen("litellm", "acme/rocket"), seen("llmfit", "someone/Qwen3-32B"))
    kept, out = merge(rows)
    assert len(kept) + sum(out.counts.values()) == len(rows)


def test_a_family_that_is_closed_wherever_it_is_judged_closes_its_unjudged_member() -> None:
    judged = [by_maker(f"claude-{letter}") for letter in "abc"]
    unjudged = sold("models.dev", "claude-d", seller="anthropic")
    found = models(*judged, unjudged)["anthropic/claude-d"].open_weights
    assert [(claim.value, claim.source) for claim in found.claims] == [(False, "closed-family")]


def test_two_closed_members_do_not_make_a_closed_family() -> None:
    rows = (by_maker("claude-a"), by_maker("claude-b"), sold("models.dev", "claude-d", seller="anthropic"))
    assert set(models(*rows)) == {"anthropic/claude-a", "anthropic/claude-b"}


# --- offerings and scores


def test_one_place_with_two_price_lists_is_one_offering_with_the_trusted_list_first() -> None:
    found = models(
        sold("litellm", "claude-x", seller="anthropic", price="2"),
        by_maker("claude-x", price="3"),
        sold("model-prices", "claude-x", seller="anthropic", price="1"),
    )
    (place,) = found["anthropic/claude-x"].offerings
    assert [sheet.source for sheet in place.sheets] == ["model-prices", "litellm", "models.dev"]
    assert place.prices is not None
    assert place.prices.standard.input == dollars("1")


def test_the_makers_own_place_is_first_party_and_a_hosts_is_not() -> None:
    found = models(by_maker("claude-x"), sold("litellm", "anthropic/claude-x", at="a-host"))
    assert {o.provider: o.first_party for o in found["anthropic/claude-x"].offerings} == {
        "anthropic": True, "a-host": False
    }  # fmt: skip


def test_two_regions_of_one_provider_are_two_offerings() -> None:
    rows = [sold("litellm", "claude-x", at="amazon-bedrock", region=region) for region in ("us", "eu")]
    found = models(by_maker("claude-x"), *rows)
    assert {o.region for o in found["anthropic/claude-x"].offerings} == {None, "us", "eu"}


def test_two_names_at_one_provider_are_two_offerings() -> None:
    rows = [sold("litellm", f"anthropic/claude-x{tail}", at="a-host") for tail in ("", ":free")]
    found = models(by_maker("claude-x"), *rows)["anthropic/claude-x"].offerings
    assert sorted(o.name for o in found if o.provider == "a-host") == [
        "a-host/anthropic/claude-x", "a-host/anthropic/claude-x:free"
    ]  # fmt: skip


def test_of_several_runs_on_a_board_the_best_is_the_rating() -> None:
    def rated(label: str, rating: float) -> Sighting:
        score = Rating("overall", label, rating, rating - 5, rating + 5, 100, 1, "arena", AS_OF)
        return seen("arena", "anthropic/claude-x", ratings=(score,))

    found = models(by_maker("claude-x"), rated("low effort", 1400.0), rated("high effort", 1450.0))
    assert [r.rating for r in found["anthropic/claude-x"].ratings] == [1450.0]


def test_of_several_runs_of_a_benchmark_the_best_of_each_source_is_kept() -> None:
    def scored(source: str, score: float) -> Sighting:
        return seen(source, "anthropic/claude-x", benchmarks=(Benchmark("gpqa", score, "percent", source, AS_OF),))

    found = models(by_maker("claude-x"), scored("llm-stats", 70.0), scored("llm-stats", 80.0), scored("aider", 60.0))
    assert {(b.source, b.score) for b in found["anthropic/claude-x"].benchmarks} == {
        ("llm-stats", 80.0),
        ("aider", 60.0),
    }


# --- what a name says


@pytest.mark.parametrize(
    ("slug", "facts"),
    [
        ("qwen3-30b-a3b", {"parameters_b": 30.0, "active_parameters_b": 3.0}),
        ("qwen2.5-0.5b-instruct", {"parameters_b": 0.5}),
        ("qwen-plus-2025-04-28", {"release_date": "2025-04-28"}),
        ("claude-haiku-4-5-20251001", {"release_date": "2025-10-01"}),
        ("gpt-4o", {}),
        ("mixtral-8x7b", {}),
    ],
)
def test_a_name_says_sizes_and_dates(slug: str, facts: dict[str, Any]) -> None:
    assert from_name([slug]) == facts
