"""Runs the `securenet-obs` command as `python -m securenet_obs`."""

from securenet_obs.cli import main

if __name__ == "__main__":
    main()
