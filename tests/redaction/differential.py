"""Compares the redactor with another scanner: lists secrets that it finds and we leave in place.

    python -m tests.redaction.differential [--per-rule 20] [--seed 1]

For each rule of Kingfisher's catalogue (MongoDB's scanner, which runs in this process and without a
network) secrets are generated from the rule's own pattern. A text in which the scanner finds one
must not contain it after redaction. The exit status is 1 if more than `MOST` of them remain.
"""

import argparse
import random
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import rstr
from kingfisher_sdk import Rules, Scanner

from securenet_obs.redaction import redact_text

MOST = 0.05
"""Maximum share of the scanner's findings that may remain."""

_ATTEMPTS = 5
_UNBOUNDED = 2**16
_TRANSLATED = {"[[:alnum:]]": "[A-Za-z0-9]", "[:alnum:]": "A-Za-z0-9", r"\z": r"\Z"}
_INLINE_FLAGS = re.compile(r"(?<!^)\(\?[a-z]+\)")


@dataclass(frozen=True)
class Finding:
    """One finding of the scanner: its rule, the generated text, the secret in it."""

    rule: str
    text: str
    secret: str


class Generator(rstr.Rstr):
    """A generator of texts whose unbounded repeats stay short, and bounded ones as they are."""

    def _handle_repeat(self, start_range: int, end_range: int, value: Any) -> str:
        most = end_range if end_range < _UNBOUNDED else start_range + 8
        times = self._random.randint(start_range, most)
        return "".join(self._handle_state(state) for _ in range(times) for state in value)


def generated(pattern: str, rng: random.Random) -> Iterator[str]:
    """Yield endless random texts that match a pattern of the catalogue."""
    for old, new in _TRANSLATED.items():
        pattern = pattern.replace(old, new)
    pattern = _INLINE_FLAGS.sub("", pattern)
    generator = Generator(rng)
    while True:
        yield generator.xeger(pattern)


def findings(per_rule: int = 20, seed: int = 1) -> Iterator[Finding]:
    """Yield up to this number of generated secrets of each rule that the scanner itself finds."""
    rules = Rules(confidence="low", cache=False)
    scanner = Scanner(rules, base64=False)
    for rule in rules.metadata():
        if rule["visible"]:
            texts = generated(
                rules.detail(rule["id"])["pattern"], random.Random(f"{seed} {rule['id']}")
            )
            yield from _findings(scanner, rule["id"], texts, per_rule)


def _findings(
    scanner: Scanner, rule: str, texts: Iterator[str], per_rule: int
) -> Iterator[Finding]:
    found = 0
    for text in islice(texts, per_rule * _ATTEMPTS):
        secrets = [one.secret for one in scanner.scan(text) if one.rule_id == rule and one.visible]
        if secrets:
            found += 1
            yield Finding(rule, text, secrets[0])
        if found == per_rule:
            return


def remains(finding: Finding) -> bool:
    """Return whether the secret is still in the text after redaction."""
    return finding.secret in redact_text(finding.text)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the findings that remain and their share; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--per-rule", type=int, default=20, help="secrets of each rule")
    parser.add_argument("--seed", type=int, default=1, help="start of the random numbers")
    given = parser.parse_args(arguments)
    found = list(findings(given.per_rule, given.seed))
    missed = [finding for finding in found if remains(finding)]
    of_rule = Counter(finding.rule for finding in found)
    for finding in missed:
        print(f"{finding.rule}: {finding.secret!r} in {finding.text!r}")
    for rule, number in Counter(finding.rule for finding in missed).most_common():
        print(f"{rule}: {number} of {of_rule[rule]} remain")
    share = len(missed) / len(found)
    print(f"{len(of_rule)} rules, {len(found)} secrets, {len(missed)} remain ({share:.1%})")
    return int(share > MOST)


if __name__ == "__main__":
    sys.exit(main())
