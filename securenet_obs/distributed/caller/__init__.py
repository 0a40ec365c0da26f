"""Caller of distributed validations: sends the runs of commands, follows them, reports them."""
