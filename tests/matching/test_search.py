"""Ranking of runbooks for a text."""

import pytest

from securenet_obs.matching import Entry, Index, find_matches, list_best, packaged_index


def entry(
    name: str, *patterns: str, fallback: tuple[str, ...] = (), symptoms: tuple[str, ...] = ()
) -> Entry:
    return Entry(name, name.title(), "page", patterns, fallback, symptoms)


INDEX = Index.of(
    [
        entry("full", "OOM command", "its memory", symptoms=("memory of Redis is full",)),
        entry("growing", fallback=("PublishError: the broker did not accept",)),
        entry("left", "twice sent", symptoms=("a queue is long",)),
        entry("right", "sent twice", symptoms=("a queue is short",)),
    ]
)


def names(text: str, *, is_typed: bool = False) -> list[str]:
    return [match.entry.name for match in find_matches(INDEX, text, is_typed=is_typed)]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("nothing of these", []),
        # A cause counts more than its consequence, whichever is longer or comes first.
        ("PublishError: the broker did not accept it: OOM command", ["full", "growing"]),
        ("OOM command\nPublishError: the broker did not accept it", ["full", "growing"]),
        # Equal weight: by name, a tie.
        ("sent twice sent", ["left", "right"]),
    ],
)
def test_patterns_rank(text: str, found: list[str]) -> None:
    assert names(text) == found


def test_equal_matches_are_a_tie() -> None:
    """The best are several then; a weaker match is not among them."""
    text = "sent twice sent, PublishError: the broker did not accept"
    assert [match.entry.name for match in list_best(find_matches(INDEX, text))] == ["left", "right"]
    assert list_best([]) == []


def test_evidence_has_the_pattern_and_the_place() -> None:
    """The strongest evidence first, with the line in which it matches, cut at both ends."""
    text = f"one\n{'x' * 99} OOM command, its memory {'y' * 99}\nthree"
    (match,) = find_matches(INDEX, text)
    assert [reason.pattern for reason in match.reasons] == ["OOM command", "its memory"]
    sentence = match.reasons[0].sentence
    assert 'pattern "OOM command" matches: …x' in sentence
    assert sentence.endswith("y…")
    assert "one" not in sentence


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("oom COMMAND", ["full"]),
        ("redis memory full", ["full"]),
        ("queue", ["left", "right"]),
        ("queues being short", ["right"]),
        ("queue of something else entirely", []),
        (" ".join(f"word{number}" for number in range(30)) + " redis memory full", []),
    ],
)
def test_typed_words_find_symptoms(text: str, found: list[str]) -> None:
    """Only where a person typed them: an alert with such words leads nowhere."""
    assert names(text, is_typed=True) == found
    assert names(text) == []


def test_only_the_end_of_a_long_text_counts() -> None:
    """A traceback ends with its error."""
    assert names("OOM command" + " " * 70_000) == []
    assert names(" " * 70_000 + "OOM command") == ["full"]


def test_the_name_of_a_failed_check_leads_to_its_runbook() -> None:
    """A person types it, or pastes the line of a terminal; the text of an event needs a pattern."""
    line = "  ✘ beat ticks: expected last tick at most 60 s ago, observed 90 s ago"
    (match,) = find_matches(packaged_index(), line, is_typed=True)
    assert match.entry.name == "schedule_stopped"
    assert find_matches(packaged_index(), line) == []
