"""Rebuilds PostgreSQL's errors without values of rows: SQLSTATE, names, no DETAIL or HINT."""

import psycopg

SHOWN_STATES = ("08", "25", "28", "3D", "40", "53", "55006", "55P03", "57")
"""Beginnings of SQLSTATE codes with messages that name roles, limits and databases, never values.

Class 42 is not among them: a value that names a table is quoted as the table that does not exist.
"""


def without_values(error: psycopg.Error | UnicodeError) -> psycopg.Error:
    """Return an error of the same class and SQLSTATE without the values of rows.

    The message of the class's other errors is their condition with the names of table, column
    and constraint: PostgreSQL quotes values in messages ("invalid input syntax for type ...").
    """
    if isinstance(error, UnicodeError):
        return psycopg.DataError("a text contains characters that UTF-8 cannot encode")
    if error.diag.sqlstate is None:
        return type(error)(*error.args)
    safe = type(error)(_message(error))
    safe.sqlstate = error.sqlstate
    return safe


def _message(error: psycopg.Error) -> str:
    state = error.sqlstate or ""
    primary = error.diag.message_primary
    if primary and state.startswith(SHOWN_STATES):
        return f"{primary} (SQLSTATE {state})"
    names = {
        "table": error.diag.table_name,
        "column": error.diag.column_name,
        "constraint": error.diag.constraint_name,
        "type": error.diag.datatype_name,
    }
    places = "".join(f", {kind} {name}" for kind, name in names.items() if name)
    return f"SQLSTATE {state}{places}; the server's message is omitted, it may quote values"
