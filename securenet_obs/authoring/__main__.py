"""Records, for each named notebook that was just executed, the code that its outputs came from."""

import sys
from pathlib import Path

from securenet_obs.authoring.recording import record_digest

for _name in sys.argv[1:]:
    record_digest(Path(_name))
