import base64

import pytest

from securenet_obs.probes import count_occurrences, plant_secrets
from securenet_obs.probes.scenarios.leaks import (
    CODE_PLACES,
    NOTEBOOK_PLACES,
    REQUEST_PLACES,
    PlantedSecrets,
    count_marker,
)
from securenet_obs.probes.scenarios.specimens import (
    generate_field_secrets,
    generate_place_secrets,
    generate_text_secrets,
)
from securenet_obs.settings import Settings

MARKER = "Ab3dEfGh1jKlMn0pQrStUv"


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_encoded_secret_is_found(before: str) -> None:
    """Base64 depends on the preceding bytes; hexadecimal digits do not."""
    text = f"{before}{MARKER}after".encode()
    assert count_marker(MARKER, text) == 1
    assert count_marker(MARKER, base64.b64encode(text)) == 1
    assert count_marker(MARKER, text.hex().encode()) == 1


def test_partial_secret_is_not_found() -> None:
    """Half of a secret is not counted."""
    assert count_marker(MARKER, MARKER[:-1].encode()) == 0


def test_occurrences_are_counted_by_secret_and_sink() -> None:
    """The table has a row for each secret and a column for each sink."""
    places = {one.kind: one for one in generate_place_secrets(REQUEST_PLACES + CODE_PLACES)}
    texts, fields = generate_text_secrets(), generate_field_secrets()
    plant = PlantedSecrets("canary", places, texts, fields, "r1", b"")
    held = f"{places['URL'].marker} {texts[0].marker} {texts[0].marker}".encode()
    seen = count_occurrences(plant, {"logs": held, "Redis": b""})
    assert len(seen) == len(places) + len(texts) + len(fields)
    found = seen[seen.total > 0][["planted", "kind", "logs", "Redis"]].to_numpy().tolist()
    assert found == [["place", "URL", 1, 0], ["text", texts[0].kind, 2, 0]]


def test_api_leaks_on_request(target: Settings) -> None:
    """Both requests have the expected status, and the responses contain no secret.

    Each place has a secret of its own, so that an occurrence identifies the place of the leak.
    """
    plant = plant_secrets(target, "canary-of-a-test", "tenant-canary")
    assert set(plant.places) == {*REQUEST_PLACES, *CODE_PLACES, *NOTEBOOK_PLACES}
    assert plant.request_id.encode() in plant.responses
    assert count_occurrences(plant, {"answers": plant.responses}).total.sum() == 0
