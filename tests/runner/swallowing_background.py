"""Every way in which background work of a cell can fail unseen: threads, pools, tasks, callbacks.

The rows have the format of `swallowing`.
"""

from tests.runner.swallowing import DIVIDED, Way

BACKGROUND: dict[str, Way] = {
    "thread": Way(
        "import threading\nt = threading.Thread(target=lambda: 1 / 0)\nt.start()\nt.join()",
        True,
        DIVIDED,
    ),
    "thread of _thread": Way(
        "import _thread, weakref\n"
        "ended = _thread.allocate_lock()\n"
        "ended.acquire()\n"
        "def fails(): 1 / 0\n"
        "x = weakref.finalize(fails, ended.release)\n"
        "_thread.start_new_thread(fails, ())\n"
        "del fails\n"
        "assert ended.acquire(timeout=20)",
        True,
        DIVIDED,
    ),
    "thread of _thread that leaves": Way(
        "import _thread, sys, time\n_thread.start_new_thread(sys.exit, ())\ntime.sleep(0.1)",
        True,
        "",
        "SystemExit is how a thread ends early",
    ),
    "thread that leaves": Way(
        "import sys, threading\nt = threading.Thread(target=sys.exit)\nt.start()\nt.join()",
        True,
        "",
        "SystemExit is how a thread ends early",
    ),
    "future of a pool": Way(
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor() as pool: f = pool.submit(lambda: 1 / 0)",
        True,
        "",
        "Python keeps the error for the caller",
    ),
    "child process": Way(
        "import multiprocessing\n"
        "p = multiprocessing.get_context('fork').Process(target=lambda: 1 / 0)\n"
        "p.start()\n"
        "p.join()",
        True,
        "",
        "the author has the status",
    ),
    "asyncio task": Way(
        "import asyncio\n"
        "async def fails(): 1 / 0\n"
        "asyncio.create_task(fails())\n"
        "await asyncio.sleep(0)",
        True,
        DIVIDED,
    ),
    "asyncio callback": Way(
        "import asyncio\n"
        "asyncio.get_running_loop().call_soon(lambda: 1 / 0)\n"
        "await asyncio.sleep(0)",
        True,
        DIVIDED,
    ),
    "asyncio.run in a thread": Way(
        "import asyncio, threading\n"
        "async def dies(): 1 / 0\n"
        "async def main():\n"
        "    asyncio.create_task(dies())\n"
        "    await asyncio.sleep(0)\n"
        "t = threading.Thread(target=lambda: asyncio.run(main()))\n"
        "t.start()\n"
        "t.join()",
        True,
        DIVIDED,
    ),
    "asyncio task that is kept": Way(
        "import asyncio\n"
        "async def fails(): 1 / 0\n"
        "kept = asyncio.create_task(fails())\n"
        "await asyncio.sleep(0)\n"
        "del kept",
        True,
        DIVIDED,
    ),
    "asyncio task of no result that is looked at": Way(
        "import asyncio\n"
        "async def fails(): 1 / 0\n"
        "task = asyncio.create_task(fails())\n"
        "x = await asyncio.wait([task])\n"
        "error = task.exception()",
        True,
        "",
        "the author has the error",
    ),
    "asyncio task that is waited for only": Way(
        "import asyncio\n"
        "async def fails(): 1 / 0\n"
        "x = await asyncio.wait([asyncio.create_task(fails())])\n"
        "del x",
        True,
        DIVIDED,
    ),
    "asyncio task that is cancelled": Way(
        "import asyncio\n"
        "task = asyncio.create_task(asyncio.sleep(60))\n"
        "await asyncio.sleep(0)\n"
        "task.cancel()\n"
        "await asyncio.sleep(0)",
        True,
        "",
        "a cancelled task has not failed",
    ),
    "asyncio task that is dropped": Way(
        "import asyncio, gc\n"
        "async def waits(): await asyncio.get_running_loop().create_future()\n"
        "asyncio.create_task(waits())\n"
        "await asyncio.sleep(0)\n"
        "x = gc.collect()",
        True,
        "",
        "Python logs it; there is no error",
    ),
    "asyncio.gather without await": Way(
        "import asyncio\n"
        "async def fails(): 1 / 0\n"
        "asyncio.gather(fails(), fails())\n"
        "await asyncio.sleep(0.01)",
        True,
        DIVIDED,
    ),
    "asyncio.TaskGroup": Way(
        "import asyncio\n"
        "async def fails(): 1 / 0\n"
        "async with asyncio.TaskGroup() as group: group.create_task(fails())",
        False,
        "ExceptionGroup: unhandled errors in a TaskGroup (1 sub-exception)",
    ),
    "asyncio future": Way(
        "import asyncio\n"
        "asyncio.get_running_loop().create_future().set_exception(ValueError('no'))",
        True,
        "ValueError: no",
    ),
    "asyncio callback of later": Way(
        "import asyncio\n"
        "x = asyncio.get_running_loop().call_later(0, lambda: 1 / 0)\n"
        "await asyncio.sleep(0.01)",
        True,
        DIVIDED,
    ),
    "asyncio callback of a thread": Way(
        "import asyncio, threading\n"
        "loop = asyncio.get_running_loop()\n"
        "t = threading.Thread(target=loop.call_soon_threadsafe, args=(lambda: 1 / 0,))\n"
        "t.start()\n"
        "t.join()\n"
        "await asyncio.sleep(0)",
        True,
        DIVIDED,
    ),
    "asyncio callback of a task": Way(
        "import asyncio\n"
        "task = asyncio.create_task(asyncio.sleep(0))\n"
        "task.add_done_callback(lambda _: 1 / 0)\n"
        "await task\n"
        "await asyncio.sleep(0)",
        True,
        DIVIDED,
    ),
    "asyncio callback of a file": Way(
        "import asyncio, os\n"
        "loop, (reading, writing) = asyncio.get_running_loop(), os.pipe()\n"
        "def fails():\n"
        "    loop.remove_reader(reading)\n"
        "    1 / 0\n"
        "loop.add_reader(reading, fails)\n"
        "x = os.write(writing, b'x')\n"
        "await asyncio.sleep(0.01)",
        True,
        DIVIDED,
    ),
    "asyncio callback of a signal": Way(
        "import asyncio, os, signal\n"
        "loop = asyncio.get_running_loop()\n"
        "loop.add_signal_handler(signal.SIGUSR1, lambda: 1 / 0)\n"
        "os.kill(os.getpid(), signal.SIGUSR1)\n"
        "await asyncio.sleep(0.01)\n"
        "x = loop.remove_signal_handler(signal.SIGUSR1)",
        True,
        DIVIDED,
    ),
    "signal handler": Way(
        "import os, signal\n"
        "def fails(*_): 1 / 0\n"
        "before = signal.signal(signal.SIGUSR1, fails)\n"
        "os.kill(os.getpid(), signal.SIGUSR1)",
        False,
        DIVIDED,
        after="x = signal.signal(signal.SIGUSR1, before)",
    ),
    "asyncio server's callback": Way(
        "import asyncio\n"
        "async def fails(reader, writer):\n"
        "    writer.close()\n"
        "    1 / 0\n"
        "server = await asyncio.start_server(fails, '127.0.0.1', 0)\n"
        "reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())\n"
        "x = await reader.read()\n"
        "await asyncio.sleep(0.05)\n"
        "writer.close()\n"
        "server.close()",
        True,
        DIVIDED,
    ),
    "asyncio protocol": Way(
        "import asyncio\n"
        "class Fails(asyncio.Protocol):\n"
        "    def data_received(self, data): 1 / 0\n"
        "loop = asyncio.get_running_loop()\n"
        "server = await loop.create_server(Fails, '127.0.0.1', 0)\n"
        "reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())\n"
        "writer.write(b'x')\n"
        "x = await reader.read()\n"
        "server.close()",
        True,
        DIVIDED,
    ),
    "asyncio peer that goes away": Way(
        "import asyncio, socket, struct\n"
        "async def answers(reader, writer):\n"
        "    try:\n"
        "        while True:\n"
        "            writer.write(b'x' * 65536)\n"
        "            await writer.drain()\n"
        "    except OSError: pass\n"
        "server = await asyncio.start_server(answers, '127.0.0.1', 0)\n"
        "reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())\n"
        "await asyncio.sleep(0.01)\n"
        "writer.transport.abort()\n"
        "await asyncio.sleep(0.05)\n"
        "server.close()",
        True,
        "",
        "it is no error of the cell",
    ),
    "asyncio generator that is not closed": Way(
        "import asyncio, gc\n"
        "async def numbers():\n"
        "    try:\n"
        "        yield 1\n"
        "    finally:\n"
        "        1 / 0\n"
        "async for x in numbers(): break\n"
        "x = gc.collect()\n"
        "await asyncio.sleep(0.01)",
        True,
        DIVIDED,
    ),
    "set_exception_handler": Way(
        "import asyncio\n"
        "loop = asyncio.get_running_loop()\n"
        "loop.set_exception_handler(lambda *_: None)\n"
        "loop.call_soon(lambda: 1 / 0)\n"
        "await asyncio.sleep(0)",
        True,
        "",
        "the author's handler has the error",
        after="loop.set_exception_handler(None)",
    ),
    "set_exception_handler of one that fails": Way(
        "import asyncio\n"
        "def fails(*_): raise ValueError('no')\n"
        "loop = asyncio.get_running_loop()\n"
        "loop.set_exception_handler(fails)\n"
        "loop.call_soon(lambda: 1 / 0)\n"
        "await asyncio.sleep(0)",
        True,
        "ValueError: no",
        after="loop.set_exception_handler(None)",
    ),
    "set_exception_handler that passes it on": Way(
        "import asyncio\n"
        "loop = asyncio.get_running_loop()\n"
        "loop.set_exception_handler(type(loop).default_exception_handler)\n"
        "loop.call_soon(lambda: 1 / 0)\n"
        "await asyncio.sleep(0)",
        True,
        DIVIDED,
        after="loop.set_exception_handler(None)",
    ),
    "call_exception_handler": Way(
        "import asyncio\n"
        "asyncio.get_running_loop().call_exception_handler("
        "{'message': 'no', 'exception': ValueError('no')})",
        True,
        "ValueError: no",
    ),
    "tornado callback": Way(
        "import asyncio, tornado.ioloop\n"
        "tornado.ioloop.IOLoop.current().add_callback(lambda: 1 / 0)\n"
        "await asyncio.sleep(0.01)",
        True,
        DIVIDED,
    ),
    "run_in_executor": Way(
        "import asyncio\n"
        "asyncio.get_running_loop().run_in_executor(None, lambda: 1 / 0)\n"
        "await asyncio.sleep(0.2)\n"
        "_ = _oh.clear()",
        True,
        DIVIDED,
    ),
    "to_thread": Way("import asyncio\nawait asyncio.to_thread(lambda: 1 / 0)", False, DIVIDED),
    "run_coroutine_threadsafe": Way(
        "import asyncio\n"
        "async def fails(): 1 / 0\n"
        "x = asyncio.run_coroutine_threadsafe(fails(), asyncio.get_running_loop())\n"
        "await asyncio.sleep(0.01)",
        True,
        "",
        "Python keeps the error for the caller",
    ),
    "callback of a pool's future": Way(
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor() as pool: pool.submit(int).add_done_callback(lambda _: 1 / 0)",
        True,
        DIVIDED,
    ),
    "initialiser of a pool": Way(
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(initializer=lambda: 1 / 0) as pool: x = pool.submit(int)",
        True,
        DIVIDED,
    ),
    "map of a pool": Way(
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor() as pool: x = pool.map(lambda _: 1 / 0, [1])",
        True,
        "",
        "Python keeps the error for the caller",
    ),
    "process of a pool": Way(
        "import multiprocessing\n"
        "with multiprocessing.get_context('fork').Pool(1) as pool: pool.apply_async(int, ('x',))",
        True,
        "",
        "Python keeps the error for the caller",
    ),
    "timer": Way(
        "import threading\nt = threading.Timer(0, lambda: 1 / 0)\nt.start()\nt.join()",
        True,
        DIVIDED,
    ),
    "threading.excepthook replaced": Way(
        "import threading\n"
        "hook, threading.excepthook = threading.excepthook, lambda *_: None\n"
        "t = threading.Thread(target=lambda: 1 / 0)\n"
        "t.start()\n"
        "t.join()",
        True,
        "",
        "the author's hook has the error",
        after="threading.excepthook = hook",
    ),
    "gathered with the errors": Way(
        "import asyncio\n"
        "async def fails(): 1 / 0\n"
        "x = await asyncio.gather(fails(), return_exceptions=True)",
        True,
        "",
        "the author has the error",
    ),
}
