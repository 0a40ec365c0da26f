"""The walkthrough for newcomers: a failure to look at, and exercises with checks and hints."""

from securenet_obs.walkthrough.exercises import Exercises
from securenet_obs.walkthrough.game_day import GameDay
from securenet_obs.walkthrough.lost_event import send_to_nowhere

__all__ = ["Exercises", "GameDay", "send_to_nowhere"]
