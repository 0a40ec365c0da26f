from securenet_obs.authoring.needs import find_undeclared_needs
from tests.authoring.conftest import MakePage, appending, declaring


def test_declared_needs_are_the_used_ones(make_page: MakePage) -> None:
    """A need that the code implies is declared, and a declared one is used."""
    assert list(find_undeclared_needs(make_page())) == []
    (found,) = find_undeclared_needs(make_page(appending("probes.ApiClient(settings)")))
    assert found.problem == "the code needs `api`; add it to `needs` in the metadata"
    (found,) = find_undeclared_needs(make_page(declaring(needs=["redis", "worker", "store"])))
    assert "`store` is declared and nothing uses it" in found.problem


def test_the_name_of_a_service_implies_its_process(make_page: MakePage) -> None:
    """A process that is found by its service's name must run."""
    (found,) = find_undeclared_needs(make_page(appending('find("securenet-beat")')))
    assert "`beat`" in found.problem
