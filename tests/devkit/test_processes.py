"""Children: started, heard, waited for, stopped, and gone when we are."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Queue

import psutil
import pytest

from tests.devkit.servers import PATIENCE, linux_only
from tests.support import eventually
from worker.devkit.processes import CannotStart, Child, folder_lock, free_port
from worker.devkit.processes.identity import identity, stop_leftover


def python(code: str) -> list[str]:
    return [sys.executable, "-c", textwrap.dedent(code)]


def sleeper() -> list[str]:
    return python("import time; print('ready', flush=True); time.sleep(600)")


def says(word: str) -> Callable[[Child], bool]:
    return lambda child: word in child.log_lines()


def test_start_returns_when_the_child_is_ready(tmp_path: Path) -> None:
    with Child("sleeper", sleeper(), log=tmp_path / "log", ready=says("ready")) as child:
        assert child.exit_code is None
        assert child.log_lines() == ["ready"]
    assert child.exit_code == -signal.SIGTERM


def test_each_line_of_its_output_is_handed_over_without_the_end_of_line() -> None:
    lines: Queue[str] = Queue()
    with Child(
        "talker", python("import sys; print('Chào\\r'); print('b', file=sys.stderr)"), on_line=lines.put
    ) as child:
        assert child.wait(PATIENCE) == 0
        assert sorted(lines.queue) == ["Chào", "b"] or sorted(lines.queue) == ["b", "Chào"]


def test_a_child_that_ends_before_it_is_ready_is_reported_with_its_last_words(tmp_path: Path) -> None:
    child = Child("quitter", python("print('out of coffee'); exit(3)"), log=tmp_path / "log", ready=lambda _: False)
    with pytest.raises(CannotStart) as caught:
        child.start()
    assert str(caught.value) == (
        f"cannot start quitter: it ended with exit code 3 (it said: out of coffee); see {tmp_path / 'log'}"
    )


def test_a_child_that_is_never_ready_is_stopped_and_reported(tmp_path: Path) -> None:
    child = Child("idler", sleeper(), log=tmp_path / "log", ready=lambda _: False, ready_within=0.5)
    with pytest.raises(CannotStart, match=r"not ready within 0\.5 seconds"):
        child.start()
    assert not child.alive


def test_a_child_that_ignores_the_request_to_stop_is_killed_after_its_grace(tmp_path: Path) -> None:
    stubborn = python("""
        import signal, time
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("ready", flush=True)
        time.sleep(600)
    """)
    child = Child("stubborn", stubborn, log=tmp_path / "log", ready=says("ready"), grace=0.1).start()
    assert child.stop() == -signal.SIGKILL
    assert child.stop() == -signal.SIGKILL


def test_waiting_for_a_child_that_runs_on_says_so(tmp_path: Path) -> None:
    with (
        Child("sleeper", sleeper(), log=tmp_path / "log") as child,
        pytest.raises(TimeoutError, match="sleeper still runs"),
    ):
        child.wait(0.01)


def test_a_program_that_is_not_there_is_reported_with_a_remedy() -> None:
    with pytest.raises(CannotStart) as caught:
        Child("ghost", ["no-such-program"]).start()
    assert str(caught.value) == (
        "cannot start ghost: there is no program no-such-program; install it, or put it on PATH"
    )


def test_a_child_gets_the_environment_it_was_given_and_no_other(tmp_path: Path) -> None:
    teller = python("import os; print(sorted(k for k in os.environ if k != 'LC_CTYPE'))")
    with Child("teller", teller, env={"ONE": "1"}, log=tmp_path / "log") as child:
        child.wait(PATIENCE)
        assert child.log_lines() == ["['ONE']"]


def test_a_child_does_not_inherit_the_signals_that_python_ignores(tmp_path: Path) -> None:
    with Child("shell", ["sh", "-c", "kill -PIPE $$; echo survived"], log=tmp_path / "log") as child:
        assert child.wait(PATIENCE) == -signal.SIGPIPE


def test_ctrl_c_in_our_terminal_does_not_reach_the_child(tmp_path: Path) -> None:
    with Child("sleeper", sleeper(), log=tmp_path / "log", ready=says("ready")) as child:
        assert child.pid is not None
        assert os.getpgid(child.pid) != os.getpgid(0)


@linux_only
def test_a_child_ends_when_its_parent_is_killed() -> None:
    parent = python("""
        import time
        from worker.devkit.processes import Child
        child = Child("sleeper", ["sleep", "600"]).start()
        while open(f"/proc/{child.pid}/comm").read().strip() != "sleep":
            time.sleep(0.01)
        print(child.pid, flush=True)
        time.sleep(600)
    """)
    with subprocess.Popen(parent, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        process.kill()
    eventually(lambda: identity(child) is None, within=PATIENCE)


@linux_only
def test_a_child_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    echo = python("""
        import signal, sys
        signal.signal(signal.SIGUSR1, lambda *_: print("here", flush=True))
        print("ready", flush=True)
        while True:
            signal.pause()
    """)
    child = Child("echo", echo, log=tmp_path / "log", ready=says("ready"))
    starter = threading.Thread(target=child.start)
    starter.start()
    starter.join()
    eventually(lambda: not Path(f"/proc/self/task/{starter.native_id}").exists(), within=PATIENCE)
    with child:
        assert child.pid is not None
        os.kill(child.pid, signal.SIGUSR1)
        eventually(lambda: child.log_lines() == ["ready", "here"], within=PATIENCE)


@linux_only
def test_a_child_whose_parent_died_before_it_could_ask_does_not_begin(tmp_path: Path) -> None:
    from worker.devkit.processes import launch

    made = tmp_path / "made"
    nobody_of_ours = "1"
    command = [
        sys.executable,
        launch.__file__,
        nobody_of_ours,
        "15",
        "-1",
        "-1",
        "0",
        "/usr/bin/env",
        "touch",
        str(made),
    ]
    assert subprocess.run(command, check=False).returncode == launch.CANNOT
    assert not made.exists()


# Folders


def test_the_second_to_lock_a_folder_is_told_who_holds_it(tmp_path: Path) -> None:
    with folder_lock(tmp_path / "lock"):
        with pytest.raises(CannotStart) as caught:
            folder_lock(tmp_path / "lock", "the worker")
        assert str(caught.value) == (
            f"cannot start the worker: process {os.getpid()} is already using {tmp_path}; "
            "stop that one first, or choose another folder"
        )
    folder_lock(tmp_path / "lock").release()


def test_a_lock_ends_with_a_killed_process(tmp_path: Path) -> None:
    holder = python(f"""
        import time
        from pathlib import Path
        from worker.devkit.processes import folder_lock
        lock = folder_lock(Path({str(tmp_path / "lock")!r}))
        print("held", flush=True)
        time.sleep(600)
    """)
    with subprocess.Popen(holder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        with pytest.raises(CannotStart, match=f"process {process.pid} is already using"):
            folder_lock(tmp_path / "lock")
        process.kill()
    folder_lock(tmp_path / "lock").release()


def test_a_free_port_can_be_listened_on_and_is_not_one_of_those_lent_to_outgoing_connections() -> None:
    port = free_port()
    with socket.socket() as server:
        server.bind(("127.0.0.1", port))
    assert port < 32_768


# Processes of an earlier run


def test_a_leftover_of_an_earlier_run_is_ended(tmp_path: Path) -> None:
    child = Child("sleeper", sleeper(), log=tmp_path / "log", ready=says("ready"), pid_file=tmp_path / "pid").start()
    stop_leftover("sleeper", tmp_path / "pid", signal.SIGTERM, PATIENCE)
    assert child.exit_code == -signal.SIGTERM
    assert not (tmp_path / "pid").exists()


def test_a_leftover_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    child = Child("sleeper", sleeper(), log=tmp_path / "log", ready=says("ready"), pid_file=tmp_path / "pid").start()
    stop_leftover("sleeper", tmp_path / "pid", signal.SIGCONT, grace=0.05)
    assert child.exit_code == -signal.SIGKILL


def test_another_process_that_got_the_same_pid_is_left_alone(tmp_path: Path) -> None:
    with Child("sleeper", sleeper(), log=tmp_path / "log", ready=says("ready"), pid_file=tmp_path / "pid") as child:
        (tmp_path / "pid").write_text(f"{child.pid} born at another time")
        stop_leftover("sleeper", tmp_path / "pid", signal.SIGTERM, PATIENCE)
        assert child.alive


def test_an_ended_process_has_no_identity_even_before_it_is_waited_for() -> None:
    with subprocess.Popen(["true"]) as process:
        eventually(lambda: psutil.Process(process.pid).status() == psutil.STATUS_ZOMBIE, within=PATIENCE)
        assert identity(process.pid) is None
