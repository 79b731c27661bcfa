"""Runs a command and prints, as JSON, how it ended, its times, its peak memory, and how busy others kept the machine.

    python -I measure.py SECONDS MEGABYTES CORES COMMAND...

It is a process of its own, and small: Linux counts the memory of the process that starts another as the other's peak.
A run that takes longer than SECONDS or more memory than MEGABYTES is ended. It gets no more than CORES cores.
"""

import json
import os
import signal
import subprocess
import sys
import time


def family(pid: int) -> list[int]:
    """The process and those that it has started."""
    result = [pid]
    try:
        for task in os.listdir(f"/proc/{pid}/task"):
            with open(f"/proc/{pid}/task/{task}/children") as file:
                for child in file.read().split():
                    result += family(int(child))
    except OSError:
        pass  # it has ended meanwhile
    return result


def megabytes(pid: int) -> float:
    """Its memory, of pages that several processes share only its part."""
    try:
        with open(f"/proc/{pid}/smaps_rollup") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("Pss:")) / 1024
    except (OSError, StopIteration):
        return 0.0


def megabytes_alone(pid: int) -> float:
    """The same for a process without children, where a cheaper look will do."""
    try:
        with open(f"/proc/{pid}/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
    except OSError:
        return 0.0


def busy_seconds() -> float:
    """What all programs together have used of the machine's cores so far."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, irq, softirq = map(int, file.readline().split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    limit_s, limit_mb, cores = float(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3])
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parent = os.getppid()
    busy = busy_seconds()
    begin = time.time()
    process = subprocess.Popen(sys.argv[4:], stdout=subprocess.DEVNULL, start_new_session=True)
    ended = "by itself"
    peak = 0.0
    pid = 0
    next_look = 2.0  # processes that start others run longer than that
    try:
        while pid == 0:
            pid, status, usage = os.wait4(process.pid, os.WNOHANG)
            wall = time.time() - begin
            if pid != 0:
                break
            if wall > next_look:  # not often, since it costs a few milliseconds
                next_look = wall + min(1.0, 0.05 * wall)
                members = family(process.pid)
                now = sum(map(megabytes, members)) if len(members) > 1 else megabytes_alone(process.pid)
                peak = max(peak, now)
            if ended == "by itself" and (wall > limit_s or peak > limit_mb):
                ended = "too long" if wall > limit_s else "too much memory"
                os.killpg(process.pid, signal.SIGKILL)
            if os.getppid() != parent:
                sys.exit("nobody waits for this any more")
            time.sleep(0.001 if wall < 0.5 else 0.02 if wall < 20 else 0.1)
    finally:
        if pid == 0:  # interrupted: don't leave the program behind
            os.killpg(process.pid, signal.SIGKILL)
    wall = time.time() - begin
    peak = max(peak, usage.ru_maxrss / 1024)
    code = os.waitstatus_to_exitcode(status)
    own = usage.ru_utime + usage.ru_stime
    # On an idle machine this is near 0; where it isn't, the times are too long.
    others = max(0.0, busy_seconds() - busy - own) / wall
    figures = {"wall_s": wall, "cpu_s": own, "memory_mb": peak, "others_cores": others}
    print(json.dumps({"ended": ended, "status": code, **figures}))


main()
