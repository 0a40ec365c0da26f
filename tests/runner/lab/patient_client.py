"""The client of the tests' lab, which waits for longer: a busy machine sends late, too."""

from securenet_obs.runner.lab.stopping_client import StoppingClient

NAME = f"{__name__}.PatientClient"
"""Name by which the lab finds the class."""


class PatientClient(StoppingClient):
    """The product's client with a longer pause."""

    pause_s = 4.0
