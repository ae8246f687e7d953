"""The tables reviewed by hand: every row says where it was read and when, and no figure is absurd."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from decimal import Decimal

import pytest

from catalog import curated
from catalog.identity import canonical_maker
from catalog.models import FACT_FIELDS
from tests.conftest import TODAY

TABLES = sorted(path.stem for path in curated.TABLES.glob("*.toml"))
MEASURES = ("memory_gb", "gpus", "memory_bandwidth_gb_s", "fp16_tflops", "requests_per_minute", "tokens_per_minute")
LICENSES = curated.rows("licenses")
FACTS = curated.rows("models")
# The least and the most that a number in the table of single facts may be.
REASONABLE = {
    "context_tokens": (512, 20_000_000),
    "max_input_tokens": (512, 20_000_000),
    "max_output_tokens": (512, 20_000_000),
    "parameters_b": (0.05, 5_000),
    "active_parameters_b": (0.05, 5_000),
    "training_tokens_t": (0.01, 200),
    "release_date": ("2019", "2028"),
    "knowledge_cutoff": ("2019", "2028"),
    "retires": ("2024", "2032"),
}

each_table = pytest.mark.parametrize("table", TABLES)


def test_there_are_tables_and_none_is_empty() -> None:
    assert len(TABLES) >= 9
    assert [table for table in TABLES if not curated.rows(table)] == []


@each_table
def test_every_row_names_the_page_it_was_read_from(table: str) -> None:
    assert [row for row in curated.rows(table) if not str(row.get("source")).startswith("https://")] == []


@each_table
def test_every_row_says_on_which_day_it_was_checked(table: str) -> None:
    def is_recent(day: str) -> bool:
        return dt.date(2026, 1, 1) <= dt.date.fromisoformat(day) <= TODAY

    assert [row for row in curated.rows(table) if not is_recent(row["checked"])] == []


@each_table
def test_no_row_is_newer_than_the_day_it_was_checked(table: str) -> None:
    assert [row for row in curated.rows(table) if row.get("as_of", row["checked"]) > row["checked"]] == []


@each_table
def test_every_price_is_within_reason(table: str) -> None:
    prices = [(row, value) for row in curated.rows(table) for name, value in row.items() if "usd_per" in name]
    assert [(row, value) for row, value in prices if not 0 <= Decimal(str(value)) < 10_000] == []


@each_table
def test_every_measure_is_positive(table: str) -> None:
    assert [row for row in curated.rows(table) if any(row.get(name, 1) <= 0 for name in MEASURES)] == []


# --- licences


def test_there_are_at_least_25_licence_tags() -> None:
    assert sum(not row["tag"].startswith("api-terms:") for row in LICENSES) >= 25


def test_licence_tags_and_aliases_are_unique() -> None:
    names = [name.lower() for row in LICENSES for name in (row["tag"], *row.get("aliases", ()))]
    assert sorted(set(names)) == sorted(names)


@pytest.mark.parametrize("cap", ["monthly_active_users_cap", "annual_revenue_usd_cap"])
def test_a_cap_is_a_number_or_none_in_words(cap: str) -> None:
    def is_cap(value: object) -> bool:
        return value == "none" or (type(value) is int and 1_000 <= value <= 10**12)

    assert [row["tag"] for row in LICENSES if not is_cap(row.get(cap, "none"))] == []


@pytest.mark.parametrize("name", ["commercial_use", "derivatives", "acceptable_use", "share_alike"])
def test_what_a_licence_allows_is_yes_or_no(name: str) -> None:
    assert [row["tag"] for row in LICENSES if not isinstance(row.get(name, True), bool)] == []


def test_no_field_of_a_licence_is_silently_dropped() -> None:
    known = {"aliases", *curated.License.__dataclass_fields__}
    assert [row["tag"] for row in LICENSES if set(row) - known] == []


@pytest.mark.parametrize(
    ("tag", "commercial", "derivatives", "users_cap"),
    [
        ("apache-2.0", True, True, "none"),
        ("mit", True, True, "none"),
        ("cc-by-nc-4.0", False, True, "none"),
        ("llama3.1", True, True, 700 * 10**6),
        ("gemma", True, True, "none"),
    ],
)
def test_well_known_licences_read_as_everyone_reads_them(
    tag: str, commercial: bool, derivatives: bool, users_cap: curated.Cap
) -> None:
    found = curated.licenses()[tag]
    assert (found.commercial_use, found.derivatives, found.monthly_active_users_cap) == (
        commercial,
        derivatives,
        users_cap,
    )


def test_a_licence_is_found_by_its_alias() -> None:
    row = next(row for row in LICENSES if row.get("aliases"))
    assert curated.licenses()[row["aliases"][0].lower()].tag == row["tag"]


def test_the_duties_of_a_capped_licence_name_the_cap() -> None:
    assert "700,000,000" in curated.licenses()["llama3.1"].duties


def test_a_licence_without_recorded_duties_says_so() -> None:
    assert curated.License("toy", "Toy", "https://example.com", "2026-11-21").duties == "no duties recorded"


# --- makers


def test_a_country_is_two_small_letters() -> None:
    assert [country for country in curated.countries().values() if not re.fullmatch("[a-z]{2}", country)] == []


def test_maker_slugs_are_unique() -> None:
    slugs = [row["slug"] for row in curated.rows("makers")]
    assert sorted(set(slugs)) == sorted(slugs)


@pytest.mark.parametrize(
    ("maker", "country"), [("openai", "us"), ("mistral", "fr"), ("deepseek", "cn"), ("cohere", "ca")]
)
def test_well_known_makers_sit_where_everyone_knows(maker: str, country: str) -> None:
    assert curated.countries()[maker] == country


def test_a_maker_is_named_as_the_catalogue_names_it() -> None:
    assert [row["slug"] for row in curated.rows("makers") if canonical_maker(row["slug"]) != row["slug"]] == []


# --- hire, fine-tuning, single facts


def test_the_cheapest_hour_of_hire_comes_first() -> None:
    prices = [row.usd_per_hour for row in curated.gpu_hire()]
    assert prices == sorted(prices)


def test_only_instances_that_can_be_hired_without_a_contract_are_offered() -> None:
    assert {row.term for row in curated.gpu_hire()} == {"on-demand"}


def test_an_hour_of_one_card_costs_between_ten_cents_and_twenty_dollars() -> None:
    hires = curated.gpu_hire()
    assert [row for row in hires if not Decimal("0.1") <= row.usd_per_hour / row.gpus <= 20] == []


def test_every_hired_card_has_the_memory_that_its_name_says() -> None:
    said = [(row, found.group(1)) for row in curated.gpu_hire() if (found := re.search(r"(\d+) ?GB", row.gpu))]
    assert said
    assert [row for row, memory in said if int(memory) != row.memory_gb] == []


def test_a_fine_tuning_offer_is_open_or_says_that_it_closes() -> None:
    assert {row.status for row in curated.fine_tuning()} <= {"open", "closed", "closed to new organisations"}


def test_a_single_fact_is_about_a_field_that_a_model_has() -> None:
    assert [row for row in FACTS if row["field"] not in FACT_FIELDS] == []


def test_a_single_fact_is_stated_once() -> None:
    times = Counter((row["model"], row["field"]) for row in FACTS)
    assert [key for key, n in times.items() if n > 1] == []


@pytest.mark.parametrize("field", REASONABLE)
def test_a_single_fact_is_within_reason(field: str) -> None:
    least, most = REASONABLE[field]
    assert [row for row in FACTS if row["field"] == field and not least <= row["value"] <= most] == []


def test_whether_weights_are_open_is_yes_or_no() -> None:
    assert [row for row in FACTS if row["field"] == "open_weights" and not isinstance(row["value"], bool)] == []
