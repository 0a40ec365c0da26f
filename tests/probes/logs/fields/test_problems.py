from securenet_obs.probes.logs.fields.problems import ProblemCodes


def test_each_row_has_its_problem() -> None:
    """Equal problems are one category; a row without one is missing."""
    codes = ProblemCodes()
    column = codes.build_column(codes.get_all(["no time zone", None, "missing", "no time zone"]))
    assert list(column.categories) == ["no time zone", "missing"]
    assert list(column.astype(object))[::2] == ["no time zone", "missing"]
    assert column[3] == "no time zone"
    assert list(column.isna()) == [False, True, False, False]
