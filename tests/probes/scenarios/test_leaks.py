import base64

import pytest

from securenet_obs.probes import count_occurrences, plant_secrets
from securenet_obs.probes.scenarios.leaks import (
    CODE_PLACES,
    NOTEBOOK_PLACES,
    REQUEST_PLACES,
    PlantedSecrets,
    count_marker,
    generate_fake_secrets,
)
from securenet_obs.settings import Settings

MARKER = "Ab3dEfGh1jKlMn0pQrStUv"


@pytest.mark.parametrize("before", ["", "a", "ab", "abc"])
def test_an_encoded_secret_is_seen(before: str) -> None:
    """Base64 depends on what stands before it; hexadecimal digits do not."""
    text = f"{before}{MARKER}after".encode()
    assert count_marker(MARKER, text) == 1
    assert count_marker(MARKER, base64.b64encode(text)) == 1
    assert count_marker(MARKER, text.hex().encode()) == 1


def test_what_is_not_there_is_not_seen() -> None:
    """Half a secret is none."""
    assert count_marker(MARKER, MARKER[:-1].encode()) == 0


def test_a_sighting_names_what_was_planted_and_the_sink() -> None:
    """The table shows place by sink, and kind by sink."""
    places, texts, fields = generate_fake_secrets()
    plant = PlantedSecrets("canary", places, texts, fields, "r1", b"")
    held = f"{places['URL'].marker} {texts[0].marker} {texts[0].marker}".encode()
    seen = count_occurrences(plant, {"logs": held, "Redis": b""})
    assert len(seen) == len(places) + len(texts) + len(fields)
    found = seen[seen.total > 0][["planted", "kind", "logs", "Redis"]].to_numpy().tolist()
    assert found == [["place", "URL", 1, 0], ["text", texts[0].kind, 2, 0]]


def test_every_place_has_a_secret_of_its_own() -> None:
    """What is seen tells from where it came."""
    places, _, _ = generate_fake_secrets()
    assert set(places) == {*REQUEST_PLACES, *CODE_PLACES, *NOTEBOOK_PLACES}


def test_the_api_leaks_on_order(target: Settings) -> None:
    """Both requests are answered as they should be, and the answers hold no secret."""
    plant = plant_secrets(target, "canary-of-a-test", "tenant-canary")
    assert plant.request_id.encode() in plant.responses
    assert count_occurrences(plant, {"answers": plant.responses}).total.sum() == 0
