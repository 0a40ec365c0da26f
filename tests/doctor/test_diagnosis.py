from securenet_obs.doctor.diagnosis import Diagnosis, count_missing, name_absence


def test_only_missing_subjects_count() -> None:
    """An optional one that is absent is no failure."""
    states = ("ok", name_absence(is_needed=True), name_absence(is_needed=False))
    diagnoses = [Diagnosis("redis-server", state, "not installed") for state in states]
    assert count_missing(diagnoses) == 1
    assert diagnoses[1].to_json()["state"] == "missing"
