# SPDX-License-Identifier: GPL-3.0-or-later
"""One process of ``scripts/bench.py scale``: many jobs at once, and models that come from the emulator at once.

    python -m benchmarks.scale.runs serve                   the emulator: answers questions on its standard input
    python -m benchmarks.scale.runs jobs COUNT ANSWER       all jobs wait at the same time, then all models arrive
    python -m benchmarks.scale.runs timed COUNT ANSWER SECONDS LIMIT
                                                            models take so long, and so many are allowed at a time
    python -m benchmarks.scale.runs plan COUNT ANSWER       the plan of a batch, and its dry run
    python -m benchmarks.scale.runs ticks COUNT ANSWER      in a Blender: the main thread while all of that happens

The answer is JSON: seconds, bytes and counts.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import subprocess  # nosec B404 # this script again
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from trellis_blender.core.job.job import Job
    from trellis_blender.core.runner.messages import RunnerMessage
    from trellis_blender.core.runner.runner import Runner

ROOT = Path(__file__).resolve().parents[3]
NEVER = 1e6  # seconds a job takes until it is told to end
AGE_SECONDS = 40.0  # of the jobs, at least, when the waiting is measured: a model takes a minute or two
WAIT_SECONDS = 20.0  # of waiting that are measured
GIVE_UP_SECONDS = 1500.0
LINKS = 10_000  # to one file: ext4 allows 65,000
PROGRAM = "from trellis_blender.command.program import main; main()"


# -- the emulator, in a process of its own


def serve() -> None:
    """Serve, and answer each line: `seconds S`, `limit N`, `end` (all jobs), or `counts`."""

    from emulator import Emulator, Service

    with Emulator(job_seconds=NEVER, service=Service(triangles=True)) as emulator:
        print(json.dumps([emulator.url, emulator.key, emulator.secret]), flush=True)
        for line in sys.stdin:
            word, *values = line.split()
            jobs = list(emulator.jobs.values())
            if word == "seconds":
                emulator.job_seconds = float(values[0])
            elif word == "limit":
                emulator.limit_jobs(int(values[0]))
            elif word == "end":
                for job in jobs:
                    job.seconds = min(job.seconds, time.time() - job.created)
            begun = [job.created for job in jobs]
            told = {"calls": dict(emulator.calls), "first": min(begun, default=0.0), "last": max(begun, default=0.0)}
            print(json.dumps(told), flush=True)


class Server:
    """The emulator in another process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._asks: IO[str] = process.stdin
        self._answers: IO[str] = process.stdout
        self.url, self.key, self.secret = json.loads(self._answers.readline())

    def ask(self, line: str) -> dict[str, Any]:
        """Return what it answers: `calls` by name, and when the `first` and the `last` job was accepted."""
        print(line, file=self._asks, flush=True)
        answer: dict[str, Any] = json.loads(self._answers.readline())
        return answer


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """Start the emulator in another process, and end it."""
    import environments

    python = environments.plain_environment(environments.running_python())
    command = [str(python), "-m", "benchmarks.scale.runs", "serve"]
    with subprocess.Popen(  # nosec B603 # this script again
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", cwd=ROOT / "scripts"
    ) as process:
        yield Server(process)
        process.terminate()


# -- jobs without Blender


class Window:
    """A runner and the jobs that it tells about, as a window would hear of them."""

    def __init__(self, folder: Path, service: Server) -> None:
        sys.path.insert(0, str(ROOT))
        from trellis_blender.core.request.account import Account
        from trellis_blender.core.runner import job_store, polling, runner
        from trellis_blender.core.scenario import api

        self.jobs: dict[str, Job] = {}
        self.events = 0
        self.requests = [0]  # of each round of polling
        self.folder, self._service = folder, service
        apply, start_round = job_store.JobStore.apply, polling.Polling.start_round

        def counted_apply(store: Any, entry: Any, event: Any) -> None:
            self.events += 1
            apply(store, entry, event)

        def counted_round(one: Any, waiting: Any) -> Any:
            self.requests.append(0)
            return start_round(one, waiting)

        def counted(call: Any) -> Any:
            def asked(*given: Any) -> Any:
                self.requests[-1] += 1
                return call(*given)

            return asked

        job_store.JobStore.apply = counted_apply  # type: ignore[assignment, method-assign]  # to count
        polling.Polling.start_round = counted_round  # type: ignore[assignment, method-assign]  # to count
        api.Api.jobs = counted(api.Api.jobs)  # type: ignore[method-assign]  # to count
        api.Api.job = counted(api.Api.job)  # type: ignore[method-assign]  # to count
        self.runner: Runner = runner.Runner(folder / "jobs", "bench")
        self.runner.start()
        self.runner.use(Account(service.key, service.secret, address=service.url))

    def add(self, count: int) -> None:
        """Begin so many jobs, each with a picture of its own."""
        from trellis_blender.core.job import job
        from trellis_blender.core.picture import file

        for one, picture in pictured(self.folder, count, job, file):
            self.runner.add([one], picture)

    def hear(self, seconds: float = 0.1) -> None:
        """Take in what the runner says, as the main thread does: every tenth of a second."""
        time.sleep(seconds)
        while not self.runner.messages.empty():
            self._take(self.runner.messages.get())

    def _take(self, message: RunnerMessage) -> None:
        from trellis_blender.core.job.job import Job, Stage

        if isinstance(message, Job):
            self.jobs[message.id] = message
            if message.stage is Stage.READING:
                self.runner.keep_unread(message.id)
            elif message.stage is Stage.FAILED:
                raise RuntimeError(message.message)

    def until(self, is_so: Callable[[Job], bool], count: int) -> None:
        """Wait until that is so of all jobs."""
        end = time.monotonic() + GIVE_UP_SECONDS
        while sum(map(is_so, self.jobs.values())) < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{sum(map(is_so, self.jobs.values()))} of {count} jobs are so far")
            self.hear()

    def runner_seconds(self) -> float:
        """Return the CPU seconds of the runner's thread so far."""
        thread = next(each for each in _threads() if each.name == "trellis-runner")
        assert thread.ident is not None
        return time.clock_gettime(time.pthread_getcpuclockid(thread.ident))


def pictured(folder: Path, count: int, job: Any, file: Any) -> Iterator[tuple[Any, Any]]:
    """Yield so many new jobs, each with a picture in a file of its own. `job`, `file`: our modules of these names."""
    from PIL import Image

    base, parameters = time.strftime("%Y%m%d-%H%M%S-", time.gmtime()) + os.urandom(3).hex(), {"texture_size": 1024}
    for number in range(count):
        path = folder / f"{base}{number:06x}.png"
        Image.new("RGB", (64, 64), (number % 256, number // 256, 99)).save(path)
        (made,) = job.new_jobs([path.stem], [f"Chair {number}"], "chair.png", parameters, None)
        yield made, file.PictureFile(path)


def _threads() -> list[Any]:
    import threading

    return threading.enumerate()


def resident() -> int:
    """Return this process's memory in bytes (Linux, proc(5))."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_files() -> int:
    """Return how many files this process has open, sockets and pipes too (Linux, proc(5))."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


def jobs(count: int) -> dict[str, float]:
    """Submit so many jobs, let all of them wait, then let all models arrive."""
    from trellis_blender.core.job.job import Stage

    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, server() as service:
        window = Window(Path(folder), service)
        window.add(1)  # what the first job imports is not each job's
        window.until(lambda job: job.stage is Stage.RUNNING, 1)
        service.ask("end")
        window.until(lambda job: job.stage is Stage.READY, 1)
        files, memory = open_files(), resident()

        begun, cpu, runner, events = time.monotonic(), time.process_time(), window.runner_seconds(), window.events
        window.add(count)
        window.until(lambda job: job.stage is Stage.RUNNING, count)
        found["submit"], found["submit_cpu"] = time.monotonic() - begun, time.process_time() - cpu
        found["submit_event"] = (window.runner_seconds() - runner) / (window.events - events)

        window.hear(AGE_SECONDS)
        found["memory"] = (resident() - memory) / count
        begun, cpu, rounds = time.monotonic(), time.process_time(), len(window.requests)
        while time.monotonic() < begun + WAIT_SECONDS:
            window.hear(1.0)  # what the main thread does is not measured here
        found["wait_cpu"] = (time.process_time() - cpu) / (time.monotonic() - begun) / (count / 100)
        found["requests"] = max(window.requests[rounds:-1] or window.requests)
        found["files"] = max(files, open_files())

        begun, cpu, runner, events = time.monotonic(), time.process_time(), window.runner_seconds(), window.events
        service.ask("end")
        window.until(lambda job: job.stage is Stage.READY, count + 1)
        found["arrive"], found["arrive_cpu"] = time.monotonic() - begun, time.process_time() - cpu
        found["arrive_event"] = (window.runner_seconds() - runner) / (window.events - events)
        window.runner.stop()
    return found


def timed(count: int, seconds: float, limit: int) -> dict[str, float]:
    """Let so many jobs run to their ends, with models that take so many seconds.

    `limit`: how many Scenario allows at a time, 0: any number. Ideally the last model is there as soon as it is made,
    that many seconds after its job was accepted; with a limit, if there are always that many jobs at Scenario.
    """
    from trellis_blender.core.job.job import Stage

    with tempfile.TemporaryDirectory() as folder, server() as service:
        service.ask(f"seconds {seconds}")
        if limit:
            service.ask(f"limit {limit}")
        window = Window(Path(folder), service)
        window.add(count)
        begun = time.time()
        window.until(lambda job: job.stage is Stage.READY, count)
        ended, told = time.time(), service.ask("counts")
        window.runner.stop()
    ideal = count / limit * seconds if limit else told["last"] + seconds - begun
    return {"seconds": ended - begun, "ideal": ideal, "refused": told["calls"]["submit"] - count}


# -- a batch that is only planned


def plan(count: int) -> dict[str, float]:
    """Plan a batch of so many pictures, then have the command say what it costs, which is all that a dry run does."""
    import resource

    from PIL import Image

    from trellis_blender.core.batch.batch import Batch
    from trellis_blender.core.batch.order import Order

    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as name, server() as service:
        pictures = Path(name, "pictures")
        pictures.mkdir()
        for number in range(count):
            if number % LINKS == 0:
                first = pictures / f"{number:06d}.png"
                Image.new("RGB", (64, 64), (200, 90, 9)).save(first)
            else:
                os.link(first, pictures / f"{number:06d}.png")
        memory, begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
        with os.scandir(pictures) as entries:
            paths = sorted(entry.path for entry in entries)
        batch = Batch.create(Path(name, "models"), map(Path, paths), Order())
        found["plan"] = time.monotonic() - begun
        found["plan_memory"] = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory) * 1024.0  # kB on Linux
        found["plan_bytes"] = (batch.folder / "batch.json").stat().st_size
        variables = {"SCENARIO_SDK_API_KEY": service.key, "SCENARIO_SDK_API_SECRET": service.secret}
        variables |= {"SCENARIO_BASE_URL": service.url, "XDG_DATA_HOME": name, "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", PROGRAM, "generate", str(pictures), "--output", name + "/other"]
        begun = time.monotonic()
        process = subprocess.Popen(  # nosec B603 # our own command
            [*command, "--price-only"], env={**os.environ, **variables}, stdout=subprocess.DEVNULL
        )
        _, status, used = os.wait4(process.pid, 0)
        found |= {"dry": time.monotonic() - begun, "dry_memory": used.ru_maxrss * 1024.0, "dry_status": status}
    return found


# -- the main thread


def ticks(count: int) -> dict[str, float]:
    """Begin so many jobs in a Blender, each with a box, and return the CPU seconds of the main thread's ticks.

    First while all wait at Scenario, then while all models arrive and come into the scene, one after the other.
    """
    from ..import_runs import enabled, part

    addon = enabled()
    import bpy

    session, preferences = part(addon, "jobs.session"), part(addon, "settings.preferences").preferences()
    build, place, placeholder = (part(addon, f"scene.{name}") for name in ("build", "place", "placeholder"))
    names = part(addon, "core.job.job").Stage
    spent: dict[str, list[float]] = {"wait": [], "arrive": []}
    with tempfile.TemporaryDirectory() as name, server() as service:
        preferences.api_key, preferences.api_secret, preferences.api_address = service.key, service.secret, service.url
        running, profiler = session.start(), _profiler()
        _until(session, lambda: running.is_loaded)
        for job, picture in pictured(Path(name), count, part(addon, "core.job.job"), part(addon, "core.picture.file")):
            running.jobs[job.id] = job
            running.runner.add([job], picture)
        jobs = list(running.jobs.values())
        build.add_placeholders(bpy.context, jobs, place.places(bpy.context, count), placeholder.home(running.root))
        running.placeholders.is_due = True
        _until(session, lambda: sum(job.stage is names.RUNNING for job in running.jobs.values()) == count)
        _tick(session, spent["wait"], 60, profiler)
        service.ask("end")
        downloaded = (names.READY, names.IMPORTED)
        while sum(job.stage in downloaded for job in running.jobs.values()) < count:
            _tick(session, spent["arrive"], 10, profiler)
        _show(profiler)
        found = {f"{phase}_{what}": of(each) for phase, each in spent.items() for what, of in QUANTILES.items()}
        found["imported"] = sum(job.stage is names.IMPORTED for job in running.jobs.values())
        session.stop()
    return found


def _until(session: Any, is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + GIVE_UP_SECONDS
    while not is_so():
        if time.monotonic() > end:
            raise TimeoutError
        session.tick()
        time.sleep(session.TICK_SECONDS)


def _tick(session: Any, spent: list[float], times: int, profiler: Any) -> None:
    for _ in range(times):
        begun = time.thread_time()
        if profiler is not None:
            profiler.enable()
        session.tick()
        if profiler is not None:
            profiler.disable()
        spent.append(time.thread_time() - begun)
        time.sleep(session.TICK_SECONDS)


def _profiler() -> Any:
    """Return a profiler of the ticks, if TRELLIS_PROFILE asks for one."""
    if not os.environ.get("TRELLIS_PROFILE"):
        return None
    import cProfile

    return cProfile.Profile(time.thread_time)


def _show(profiler: Any) -> None:
    if profiler is not None:
        import pstats

        pstats.Stats(profiler).sort_stats("cumulative").print_stats(45)


QUANTILES: dict[str, Callable[[list[float]], float]] = {
    "median": statistics.median,
    "most": lambda each: statistics.quantiles(each, n=20)[-1],  # 95 of 100 take no longer
}


def main(mode: str, count: int, *more: str) -> dict[str, float]:
    """Measure, and return what was found."""
    sys.path.insert(0, str(ROOT))
    if mode == "timed":
        return timed(count, float(more[0]), int(more[1]))
    return {"jobs": jobs, "plan": plan, "ticks": ticks}[mode](count)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        Path(sys.argv[3]).write_text(json.dumps(main(sys.argv[1], int(sys.argv[2]), *sys.argv[4:])), encoding="utf-8")
