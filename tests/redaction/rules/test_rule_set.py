"""The tables of rules: masked and unmasked texts of each rule."""

import copy
import json
import subprocess
import sys
from importlib.util import find_spec
from typing import Any

import pytest

from securenet_obs.processes.groups import kill_group
from securenet_obs.redaction import (
    MASK,
    RULES,
    Redactor,
    redact,
)
from tests.redaction.samples import KEPT, MASKED, STRIPPED, Unfiltered


@pytest.mark.parametrize(("rule", "before", "after"), MASKED)
def test_a_rule_masks_its_secret_and_nothing_else(rule: str, before: Any, after: Any) -> None:
    """The secret is masked, its surroundings stay, and its rule is counted."""
    redactor = Redactor()
    original = copy.deepcopy(before)
    assert redactor.redact(before) == after
    assert redactor.counts[rule] >= 1
    assert before == original
    assert Unfiltered().redact(before) == after


@pytest.mark.parametrize(("rule", "before", "after"), MASKED + STRIPPED)
def test_redaction_is_idempotent(rule: str, before: Any, after: Any) -> None:
    """A second redaction changes and counts nothing."""
    redactor = Redactor(pii="strip")
    once = redactor.redact(before)
    redactor.counts.clear()
    assert redactor.redact(once) == once
    assert not redactor.counts


@pytest.mark.parametrize(("rule", "before", "after"), STRIPPED)
def test_personal_data_is_masked_on_request_only(rule: str, before: Any, after: Any) -> None:
    """Addresses, hosts and users are masked with pii="strip", and stay by default."""
    redactor = Redactor(pii="strip")
    assert redact(before) == before
    assert redactor.redact(before) == after
    assert redactor.counts[rule] >= 1
    assert Unfiltered(pii="strip").redact(before) == after


@pytest.mark.parametrize("name", sorted({rule.name for rule in RULES}))
def test_each_rule_is_needed(name: str) -> None:
    """Without the rules of a name, at least one row of its table fails."""
    others = [other for other in RULES if other.name != name]
    without = Redactor(others, pii="strip" if name.startswith("pii") else "keep")
    rows = [row for row in MASKED + STRIPPED if row[0] == name]
    assert any(without.redact(before) != after for _, before, after in rows)


@pytest.mark.parametrize("value", KEPT, ids=repr)
def test_harmless_texts_are_unchanged(value: Any) -> None:
    """A text that only looks like a secret is not changed, nor within JSON or bytes."""
    redactor = Redactor()
    assert redactor.redact(value) == value
    assert Unfiltered().redact(value) == value
    if isinstance(value, dict | list | str) and not any(isinstance(key, int) for key in value):
        text = json.dumps({"a": value})
        assert redactor.redact_text(text) == text
        assert redactor.redact(text.encode()) == text.encode()
    assert not redactor.counts


def test_every_rule_has_a_row_and_every_row_a_rule() -> None:
    """The samples and the rules have the same names, each once."""
    assert {row[0] for row in MASKED + STRIPPED} == {rule.name for rule in RULES}
    assert {row[0] for row in STRIPPED} == {rule.name for rule in RULES if rule.pii}


FORKS = """
import os, threading, time
from securenet_obs.redaction import Redactor

redactor, is_done = Redactor(), threading.Event()

def search():
    while not is_done.is_set():
        redactor.search(os.urandom(20_000))

thread = threading.Thread(target=search)
thread.start()
for _ in range(10):
    time.sleep(0.002)
    if os.fork() == 0:
        redactor.search(os.urandom(20_000))
        os._exit(0)
    os.wait()
is_done.set()
"""


@pytest.mark.skipif(find_spec("re2") is None, reason="only google-re2 has locks")
def test_a_process_that_was_forked_during_a_search_can_search() -> None:
    """The automaton's locks, which another thread of the parent held, do not stop the child."""
    python = [sys.executable, "-W", "ignore", "-c", FORKS]
    process = subprocess.Popen(python, start_new_session=True)
    try:
        assert process.wait(60) == 0
    finally:
        kill_group(process.pid)


LONE_FORK = """
import os, sys
from securenet_obs.redaction.rules import rule_set

def compile_anew(self):
    raise SystemExit("compiled anew")

rule_set.RuleSet._new_prefilter = compile_anew
pid = os.fork()
if pid == 0:
    for each in rule_set._rule_sets:
        each.search(b"password=1")
    os._exit(0)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
"""


def test_a_process_that_was_forked_by_a_lone_thread_compiles_nothing() -> None:
    """No search can have held a lock, and each run of a warm server would pay for it."""
    code = "from securenet_obs.redaction import Redactor\nkept = Redactor()\n" + LONE_FORK
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()


def test_only_masked_texts_are_remembered_as_settled() -> None:
    """Texts with different secrets settle in the same one; none with a secret is kept."""
    redactor = Redactor()
    for secret in ("hunter2", "hunter3"):
        assert redactor.redact(f"redis://:{secret}@h/0") == f"redis://:{MASK}@h/0"
        assert not redactor.is_settled(f"redis://:{secret}@h/0")
    assert redactor.redact("pass the salt") == "pass the salt"
    assert redactor.is_settled(f"redis://:{MASK}@h/0")
    assert not redactor.is_settled("pass the salt")
    assert redactor.counts["url_password"] == 2


def test_settled_texts_are_bounded() -> None:
    """Neither many texts nor a long one are kept."""
    redactor = Redactor()
    texts = [*map(str, range(5_000)), "x" * 10_000]
    for text in texts:
        redactor.settle(text)
    assert 0 < sum(map(redactor.is_settled, texts)) <= 1024
    assert not redactor.is_settled(texts[-1])
