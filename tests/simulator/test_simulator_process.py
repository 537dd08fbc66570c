"""The process: how it starts, what it says, and that it leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from worker.devkit import simulator

COMMAND = [sys.executable, "-m", "worker.devkit.simulator"]
PATIENCE = 20.0  # seconds


def test_it_says_where_it_listens_in_one_line_and_leaves_on_a_signal_with_0(tmp_path: Path) -> None:
    for name in (signal.SIGTERM, signal.SIGINT):
        port_file = tmp_path / "port"
        process = subprocess.Popen(
            [*COMMAND, "--port-file", str(port_file)],
            env=os.environ | {"SIMULATOR_TOKEN": "ours"},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout
        line = process.stdout.readline().decode()
        assert line == f"eSMS simulator listening on http://127.0.0.1:{port_file.read_text().strip()}\n"
        process.send_signal(name)
        assert process.communicate(timeout=PATIENCE) == (b"", b"")
        assert (process.returncode, port_file.exists()) == (0, False)


def test_a_taken_port_is_one_line_with_the_port_and_the_remedy(running: simulator.Running) -> None:
    port = running.url.rpartition(":")[2]
    done = subprocess.run([*COMMAND, "--port", port], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert f"port {port} on 127.0.0.1" in done.stderr
    assert "--port 0" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["--port", "70000"],
        ["--port", "x"],
        ["--latency", "-1"],
        ["--set", "[]"],
        ["--set", '{"latncy": 0}'],
        ["--host", "no.such.host.invalid"],
        ["--port-file", "/no/such/folder/port"],
    ],
)
def test_a_wrong_option_ends_with_2_and_no_traceback(arguments: list[str]) -> None:
    done = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr
    assert done.stderr


def test_it_ends_when_its_parent_was_killed() -> None:
    script = "from worker.devkit import simulator; s = simulator.start(); print(s.process.pid, flush=True); input()"
    parent = subprocess.Popen([sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert parent.stdout and parent.stdin
    child = psutil.Process(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    parent.stdin.close()
    child.wait(PATIENCE)


def test_keys_are_in_no_process_list(tmp_path: Path) -> None:
    with simulator.start(api_key="canary-key", secret_key="canary-secret") as running:
        assert "canary" not in " ".join(psutil.Process(running.process.pid).cmdline())
        assert "canary" not in repr(running) + repr(simulator.Options(api_key="canary-key", secret_key="canary-secret"))


def test_a_wrong_knob_at_the_start_leaves_no_process() -> None:
    before = psutil.Process().children()
    with pytest.raises(simulator.KnobError, match="latncy"):
        simulator.start(latncy=0)
    assert psutil.Process().children() == before


def test_stopping_hangs_up_on_clients_that_wait() -> None:
    running = simulator.start(force={"GetBalance": "hang_always"})
    with socket.create_connection(running.address, PATIENCE) as waiting:
        waiting.sendall(
            b"GET /MainService.svc/json/GetBalance/simulator-key/simulator-secret HTTP/1.1\r\nHost: localhost\r\n\r\n"
        )
        running.until(lambda stats: stats["requests"] == 1)
        assert running.stop() == 0
        assert waiting.recv(100) == b""


def test_the_simulator_stands_alone() -> None:
    script = (
        "import sys, worker\nbefore = set(sys.modules)\nimport worker.devkit.simulator.__main__\n"
        "new = {name for name in set(sys.modules) - before}\n"
        "ours = {n for n in new if n.startswith('worker.') and not n.startswith('worker.devkit')}\n"
        "foreign = {n.partition('.')[0] for n in new} - sys.stdlib_module_names - {'worker'}\n"
        "print(sorted(ours), sorted(n for n in foreign if not n.startswith('_')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, env=dict(os.environ), check=True
    )
    assert done.stdout == "[] []\n"
