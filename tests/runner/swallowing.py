"""Every way in which IPython can swallow an error, with papermill's result and the runner's.

Each row is one cell. An empty reason stands for `passed`; then `why` states the limit of the
runner, or why it is right to pass. `{folder}` is a folder with these files: `bad.py` and `bad.ipy`
raise `RuntimeError: step failed`, `leaves.py` ends by `sys.exit(3)`. `CELL` is the number that
IPython gives to a cell's text.
"""

from typing import NamedTuple


class Way(NamedTuple):
    """One cell: whether papermill passes it, and the reason why the runner fails or passes it.

    `after` is a cell that undoes the changes of the cell in the kernel.
    """

    cell: str
    papermill_passes: bool
    reason: str
    why: str = ""
    after: str = ""


STEP = "RuntimeError: step failed"
DIVIDED = "ZeroDivisionError: division by zero"
FALSE = "CalledProcessError: Command 'false' returned non-zero exit status 1."
EXIT_3 = "CalledProcessError: Command 'exit 3' returned non-zero exit status 3."

NO_INPUT = (
    "StdinNotImplementedError: raw_input was called, but this frontend does not support input "
    "requests."
)

HOOK = """
def hook(*_):
    get_ipython().events.unregister({event!r}, hook)
    1 / 0
get_ipython().events.register({event!r}, hook)
"""
NOW = "get_ipython().events.trigger({event!r}{arguments})"

WAYS: dict[str, Way] = {
    # Code that a line magic runs
    "%run": Way("%run {folder}/bad.py", False, STEP),
    "%run -i": Way("%run -i {folder}/bad.py", False, STEP),
    "%run -n": Way("%run -n {folder}/bad.py", False, STEP),
    "%run -t": Way("%run -t {folder}/bad.py", False, STEP),
    "%run -m": Way("import sys; sys.path.insert(0, {folder!r})\n%run -m bad", False, STEP),
    "%run of .ipy": Way("%run {folder}/bad.ipy", False, STEP),
    "%run of exit 3": Way("%run {folder}/leaves.py", False, "SystemExit: 3"),
    "%run -d": Way("%run -d {folder}/bad.py", True, NO_INPUT),
    "%run -e of exit 3": Way("%run -e {folder}/leaves.py", True, "", "-e asks for it"),
    "%run of no file": Way(
        "%run {folder}/none.py", False, "Exception: File `'{folder}/none.py'` not found."
    ),
    "%time": Way("%time 1 / 0", False, DIVIDED),
    "%timeit": Way("%timeit -n1 -r1 1 / 0", False, DIVIDED),
    "%prun": Way("%prun 1 / 0", False, DIVIDED),
    "%prun of exit 3": Way("%prun __import__('sys').exit(3)", True, "SystemExit: 3"),
    "%prun, handled": Way(
        "try:\n    %prun 1 / 0\nexcept ZeroDivisionError: print('handled')",
        True,
        "",
        "the author has the error",
    ),
    "%macro": Way(
        "get_ipython().define_macro('m', '1 / 0')\nget_ipython().run_cell('m')", False, DIVIDED
    ),
    "%rerun": Way(
        "_ = get_ipython().run_cell('1 / 0', store_history=True)\n%rerun -l 1", False, DIVIDED
    ),
    "%load of no file": Way(
        "%load {folder}/none.py",
        False,
        "ValueError: '{folder}/none.py' was not found in history, as a file, url, "
        "nor in the user namespace.",
    ),
    "%loadpy of no file": Way(
        "%loadpy {folder}/none.py",
        False,
        "ValueError: '{folder}/none.py' was not found in history, as a file, url, "
        "nor in the user namespace.",
    ),
    "%load_ext": Way(
        "%load_ext no_such_extension",
        False,
        "ModuleNotFoundError: No module named 'no_such_extension'",
    ),
    "%cd": Way(
        "%cd {folder}/none",
        True,
        "FileNotFoundError: [Errno 2] No such file or directory: '{folder}/none'",
    ),
    "%pushd": Way(
        "%pushd {folder}/none",
        True,
        "FileNotFoundError: [Errno 2] No such file or directory: '{folder}/none'",
    ),
    "%logstart": Way(
        "%logstart {folder}/none/log.py",
        True,
        "FileNotFoundError: [Errno 2] No such file or directory: '{folder}/none/log.py'",
    ),
    "%gui": Way(
        "%gui no_such_toolkit",
        True,
        "UsageError: Invalid GUI request 'no_such_toolkit', valid ones are:dict_keys(['inline', "
        "'nbagg', 'webagg', 'notebook', 'ipympl', 'widget', None, 'qt', 'qt5', 'qt6', 'wx', 'tk', "
        "'gtk', 'gtk3', 'osx', 'macosx', 'asyncio'])",
    ),
    "%config": Way(
        "%config IPCompleter.greedy = 'neither'",
        True,
        "TraitError: The 'greedy' trait of an IPCompleter instance expected a boolean, not the str "
        "'neither'.",
    ),
    "%xmode": Way(
        "%xmode no_such_mode",
        True,
        "ValueError: Unrecognized mode in FormattedTB: <No_such_mode>\n"
        "Valid modes: ['Plain', 'Context', 'Verbose', 'Minimal', 'Docs', 'Doctest']",
    ),
    "%tb": Way(
        "%tb no_such_mode",
        True,
        "ValueError: Unrecognized mode in FormattedTB: <No_such_mode>\n"
        "Valid modes: ['Plain', 'Context', 'Verbose', 'Minimal', 'Docs', 'Doctest']",
    ),
    "%alias of no name": Way(
        "%alias run ls",
        True,
        "InvalidAliasError: The name run can't be aliased because it is another magic command.",
    ),
    "%unalias": Way("%unalias no_such_alias", True, "ValueError: no_such_alias is not an alias"),
    "%xdel of no variable": Way("%xdel no_such_name", True, "", "IPython prints a sentence"),
    "%store of no variable": Way("%store -r no_such_name", True, "", "IPython prints a sentence"),
    "%autoreload": Way(
        "import pathlib, sys\n"
        "file = pathlib.Path({folder!r}, 'reloaded.py')\n"
        "file.write_text('')\n"
        "sys.path.insert(0, {folder!r})\n"
        "%load_ext autoreload\n"
        "import reloaded\n"
        "%autoreload now\n"
        "file.write_text('1 / 0')\n"
        "__import__('os').utime(file, (2**31, 2**31))\n"
        "%autoreload now",
        True,
        DIVIDED,
        after="sys.path.remove(str(file.parent))",
    ),
    "%pycat of no file": Way("%pycat {folder}/none.py", True, "", "IPython prints a sentence"),
    "%save of no lines": Way(
        "%save {folder}/saved.py nothing", True, "", "IPython prints a sentence"
    ),
    "%edit": Way(
        "%edit -x {folder}/bad.py", False, 'UsageError: option -x not recognized (allowed: "prn:")'
    ),
    "%debug": Way("%debug 1 / 0", True, NO_INPUT),
    "%no_such_magic": Way(
        "%no_such_magic", False, "UsageError: Line magic function `%no_such_magic` not found."
    ),
    "run_line_magic": Way(
        "get_ipython().run_line_magic('run', {folder!r} + '/bad.py')", False, STEP
    ),
    # Code that a cell magic runs
    "%%capture": Way("%%capture\n1 / 0", False, DIVIDED),
    "%%capture of %run": Way("%%capture\n%run {folder}/bad.py", False, STEP),
    "%%capture of a usage error": Way(
        "%%capture\n%no_such_magic",
        True,
        "UsageError: Line magic function `%no_such_magic` not found.",
    ),
    "%%time": Way("%%time\n1 / 0", False, DIVIDED),
    "%%time --no-raise-error": Way(
        "%%time --no-raise-error\n1 / 0", True, "", "the option asks for it"
    ),
    "%%timeit": Way("%%timeit -n1 -r1\n1 / 0", False, DIVIDED),
    "%%prun": Way("%%prun\n1 / 0", False, DIVIDED),
    "%%debug": Way("%%debug\n1 / 0", True, NO_INPUT),
    "%%prun of exit 3": Way("%%prun\nimport sys; sys.exit(3)", True, "SystemExit: 3"),
    "%%writefile": Way(
        "%%writefile {folder}/none/file\nx",
        False,
        "FileNotFoundError: [Errno 2] No such file or directory: '{folder}/none/file'",
    ),
    "%%no_such_magic": Way(
        "%%no_such_magic\nx", False, "UsageError: Cell magic `%%no_such_magic` not found."
    ),
    # Shell escapes and scripts
    "!": Way("!false", True, FALSE),
    "! in the middle": Way("!false\nx = 1", True, FALSE),
    "!!": Way("!!false", True, FALSE),
    "x = !": Way("x = !false", True, FALSE),
    "! of no program": Way(
        "!no_such_program",
        True,
        "CalledProcessError: Command 'no_such_program' returned non-zero exit status 127.",
    ),
    "%sx": Way("%sx false", True, FALSE),
    "%%sx": Way("%%sx\nfalse", True, FALSE.replace("false", "false\n")),
    "%system": Way("%system false", True, FALSE),
    "%alias": Way(
        "%alias fails false\n%fails",
        True,
        "CalledProcessError: Command 'false ' returned non-zero exit status 1.",
    ),
    "system()": Way("get_ipython().system('exit 3')", True, EXIT_3),
    "system_raw()": Way("get_ipython().system_raw('exit 3')", True, EXIT_3),
    "getoutput()": Way("get_ipython().getoutput('exit 3')", True, EXIT_3),
    "%%bash": Way(
        "%%bash\nexit 3",
        False,
        "CalledProcessError: Command 'b'exit 3\\n'' returned non-zero exit status 3.",
    ),
    "%%sh": Way(
        "%%sh\nexit 3",
        False,
        "CalledProcessError: Command 'b'exit 3\\n'' returned non-zero exit status 3.",
    ),
    "%%python": Way(
        "%%python\nraise SystemExit(3)",
        False,
        "CalledProcessError: Command 'b'raise SystemExit(3)\\n'' returned non-zero exit status 3.",
    ),
    "%%script": Way(
        "%%script bash\nexit 3",
        False,
        "CalledProcessError: Command 'b'exit 3\\n'' returned non-zero exit status 3.",
    ),
    "%%script of no program": Way(
        "%%script no_such_program\nx",
        True,
        "FileNotFoundError: [Errno 2] No such file or directory: 'no_such_program'",
    ),
    "%%script --no-raise-error": Way(
        "%%script --no-raise-error bash\nexit 3", True, "", "the option asks for it"
    ),
    "%%script --bg": Way(
        "%%script --bg bash\nexit 3", True, "", "IPython asks no background script how it ended"
    ),
    "%%bash without set -e": Way(
        "%%bash\nfalse\ntrue", True, "", "bash itself reports the last command"
    ),
    "os.system": Way("import os\nx = os.system('false')", True, "", "the author has the status"),
    "subprocess.run": Way(
        "import subprocess\nx = subprocess.run('false', check=False)",
        True,
        "",
        "the author has the status",
    ),
    # IPython's own functions
    "run_cell": Way("x = get_ipython().run_cell('1 / 0')", False, DIVIDED),
    "run_cell, silent": Way("x = get_ipython().run_cell('1 / 0', silent=True)", False, DIVIDED),
    "run_cell of no Python": Way(
        "x = get_ipython().run_cell('1 +')", False, "SyntaxError: invalid syntax (CELL.py, line 1)"
    ),
    "run_cell_async": Way(
        "x = await get_ipython().run_cell_async('1 / 0', transformed_cell='1 / 0')", False, DIVIDED
    ),
    "run_cell of a group": Way(
        "x = get_ipython().run_cell(\"raise ExceptionGroup('two', [ValueError(1)])\")",
        True,
        "ExceptionGroup: two (1 sub-exception)",
    ),
    "ex": Way("get_ipython().ex('1 / 0')", False, DIVIDED),
    "safe_execfile": Way("get_ipython().safe_execfile({folder!r} + '/bad.py', {})", False, STEP),
    "run_cell_magic": Way("get_ipython().run_cell_magic('capture', '', '1 / 0')", False, DIVIDED),
    "top-level await": Way("async def fails(): 1 / 0\nawait fails()", False, DIVIDED),
    "%autoawait off": Way(
        "%autoawait off\nx = get_ipython().run_cell('await 1')",
        False,
        "SyntaxError: 'await' outside function (CELL.py, line 1)",
        after="%autoawait on",
    ),
    # Replaced handlers
    "set_custom_exc": Way(
        "get_ipython().set_custom_exc((Exception,), lambda *_, **__: None)\n1 / 0",
        False,
        DIVIDED,
        after="get_ipython().set_custom_exc((), None)",
    ),
    "set_custom_exc in a nested cell": Way(
        "get_ipython().set_custom_exc((Exception,), lambda *_, **__: None)\n"
        "x = get_ipython().run_cell('1 / 0')",
        True,
        DIVIDED,
        after="get_ipython().set_custom_exc((), None)",
    ),
    "showtraceback replaced": Way(
        "get_ipython().showtraceback = lambda *_, **__: None\n%run {folder}/bad.py",
        True,
        STEP,
        after="del get_ipython().showtraceback",
    ),
    "_showtraceback replaced": Way(
        "get_ipython()._showtraceback = lambda *_: None\n%run {folder}/bad.py",
        True,
        STEP,
        after="del get_ipython()._showtraceback",
    ),
    "sys.excepthook called": Way(
        "import sys\ntry: 1 / 0\nexcept ZeroDivisionError: sys.excepthook(*sys.exc_info())",
        False,
        DIVIDED,
    ),
    "_showtraceback called": Way(
        "get_ipython()._showtraceback(ValueError, ValueError('no'), [])", False, "ValueError: no"
    ),
    "cleared error": Way(
        "from IPython.display import clear_output\n%run {folder}/bad.py\nclear_output()", True, STEP
    ),
    "captured output widget": Way(
        "import sys\n"
        "class Output:\n"
        "    def __enter__(self): pass\n"
        "    def __exit__(self, kind, value, tb):\n"
        "        get_ipython().showtraceback((kind, value, tb), tb_offset=0)\n"
        "        return True\n"
        "with Output(): 1 / 0",
        False,
        DIVIDED,
    ),
    # Hooks and transformers
    "post_run_cell": Way(HOOK.format(event="post_run_cell"), False, DIVIDED),
    "post_execute": Way(HOOK.format(event="post_execute"), False, DIVIDED),
    "pre_run_cell": Way(
        HOOK.format(event="pre_run_cell") + NOW.format(event="pre_run_cell", arguments=", None"),
        False,
        DIVIDED,
    ),
    "input transformer": Way(
        "def fails(lines): return 1 / 0\n"
        "get_ipython().input_transformers_post.append(fails)\n"
        "try:\n"
        "    x = get_ipython().run_cell('1')\n"
        "finally:\n"
        "    get_ipython().input_transformers_post.remove(fails)",
        False,
        DIVIDED,
    ),
    "AST transformer": Way(
        "class Fails:\n"
        "    def visit(self, node): 1 / 0\n"
        "get_ipython().ast_transformers.append(Fails())\n"
        "x = get_ipython().run_cell('1')",
        True,
        "",
        "IPython drops the transformer with a warning",
    ),
    # Display methods
    "_repr_png_": Way(
        "class A:\n    def _repr_png_(self): raise ValueError('no picture')\nA()",
        False,
        "ValueError: no picture",
    ),
    "_repr_html_": Way(
        "class A:\n    def _repr_html_(self): raise ValueError('no picture')\nA()",
        False,
        "ValueError: no picture",
    ),
    "_repr_mimebundle_": Way(
        "class A:\n    def _repr_mimebundle_(self, **_): raise ValueError('no picture')\nA()",
        False,
        "ValueError: no picture",
    ),
    "_ipython_display_": Way(
        "class A:\n    def _ipython_display_(self): raise ValueError('no picture')\nA()",
        False,
        "ValueError: no picture",
    ),
    "__repr__": Way(
        "class A:\n    def __repr__(self): raise ValueError('no picture')\nA()",
        False,
        "ValueError: no picture",
    ),
    "display() of _repr_html_": Way(
        "class A:\n    def _repr_html_(self): raise ValueError('no picture')\ndisplay(A())",
        False,
        "ValueError: no picture",
    ),
    "str() of the error": Way(
        "class E(Exception):\n    def __str__(self): raise ValueError('no text')\nraise E",
        False,
        "ValueError: no text",
    ),
    # The end of the cell and of the process
    "__del__": Way(
        "class A:\n    def __del__(self): 1 / 0\nx = A()\ndel x",
        True,
        "",
        "Python prints that it is ignored",
    ),
    "atexit": Way(
        "import atexit\natexit.register(lambda: 1 / 0)",
        True,
        "",
        "it runs when the kernel ends, and Python prints the error",
    ),
    "sys.exit(3)": Way("import sys\nsys.exit(3)", False, "SystemExit: 3"),
    "sys.exit(0)": Way("import sys\nsys.exit(0)", True, "", "a clean exit, as papermill has it"),
    "exit 0 of run_cell": Way(
        "x = get_ipython().run_cell('import sys; sys.exit(0)')", True, "", "the cell goes on"
    ),
    "%prun of exit 0": Way("%prun __import__('sys').exit()", True, "", "the cell goes on"),
    "sys.exit(0) after %run": Way("import sys\n%run {folder}/bad.py\nsys.exit(0)", False, STEP),
    "warning": Way("import warnings\nwarnings.warn('careful')", True, "", "a warning is no error"),
    "warning as an error": Way(
        "import warnings\n"
        "with warnings.catch_warnings():\n"
        "    warnings.simplefilter('error')\n"
        "    warnings.warn('careful')",
        False,
        "UserWarning: careful",
    ),
    "input()": Way("input()", False, NO_INPUT),
    "breakpoint()": Way("breakpoint()", True, NO_INPUT),
    "handled": Way(
        "try: 1 / 0\nexcept ZeroDivisionError: print('handled')",
        True,
        "",
        "the author has the error",
    ),
    "assert": Way("assert False, 'no'", False, "AssertionError: no"),
}
