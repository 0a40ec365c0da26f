import inspect

from securenet_obs import errors


def test_the_drawn_tree_matches_the_classes() -> None:
    """Every exception class is in the module's drawing, below its base."""
    tree = errors.__doc__ or ""
    depths = {}
    for line in tree.splitlines():
        words = line.replace("│", " ").replace("├──", "   ").replace("└──", "   ").split()
        if words and words[0].endswith("Error"):
            depths[words[0]] = line.index(words[0]) // 4
    defined = {
        name: cls
        for name, cls in vars(errors).items()
        if inspect.isclass(cls) and issubclass(cls, Exception)
    }
    assert depths.keys() == defined.keys()
    for name, cls in defined.items():
        assert depths[name] == len(cls.__mro__) - len(errors.SecureNetObsError.__mro__), name


def test_a_verdict_is_shown_without_a_traceback() -> None:
    """The last cell shows the failed checks, and not our frames."""
    lines = errors.ChecksFailedError("1 of 2 checks failed: a")._render_traceback_()
    assert lines == ["ChecksFailedError: 1 of 2 checks failed: a"]
