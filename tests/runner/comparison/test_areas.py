"""Words and areas: names are split, plurals and signs make no difference."""

from securenet_obs.runner.comparison.areas import (
    areas_of_kind,
    find_areas,
    join_letters,
    share_of_areas,
    split_words,
)


def test_names_and_sentences_are_split_into_the_same_words() -> None:
    """Signs, capitals, numbers and plurals do not matter; words of every sentence are left out."""
    assert split_words("every REDIS_URL of 2 Queues") == {"redis", "url", "queue"}
    assert split_words("maxmemory-policy is sentrySdk") == {"maxmemory", "policy", "sentry", "sdk"}
    assert join_letters("Append-Only: 1") == "appendonly1"


def test_a_fact_belongs_to_areas_or_to_none() -> None:
    """A kind may belong to an area as a whole."""
    assert "broker" in find_areas(split_words("kombu"))
    assert find_areas(split_words("python")) == frozenset()
    assert areas_of_kind("redis") == {"broker"}
    assert areas_of_kind("package") == frozenset()
    shares = share_of_areas(split_words("structlog writes log lines"))
    assert max(shares, key=lambda area: shares[area]) == "logs"
    assert sum(shares.values()) == 1
