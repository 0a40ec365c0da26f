"""Lets `python -m securenet_obs` stand in for the `securenet-obs` command."""

from securenet_obs.cli import main

if __name__ == "__main__":
    main()
