"""Runs kerf on one case and says how it broke the contract for refused inputs."""
import os
import shutil
import subprocess
import threading
import time

from hostile import cases, model, onnx

ACCEPTED, REFUSED = {0}, {2, 3, 4}
MAX_SECONDS = 10
MAX_BYTES = 512 * 2**20
MAX_STDERR_BYTES = 64 * 2**10


class Runner:
    def __init__(self, program, sanitized):
        self.program = program
        self.sanitized = sanitized

    def run(self, arguments, folder):
        """(exit status, stderr, seconds, peak bytes); a negative status is a signal."""
        with open(os.path.join(folder, "stderr"), "wb") as errors:
            start = time.monotonic()
            process = subprocess.Popen([self.program, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                       stderr=errors, cwd=os.path.join(folder, "cwd"))
            # Long after the limit: the contract's breach is reported, not caused.
            killer = threading.Timer(4 * MAX_SECONDS, process.kill)
            killer.start()
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            killer.cancel()
        with open(os.path.join(folder, "stderr"), "rb") as errors:
            text = errors.read()
        # A busy machine makes a process wait: then its own time says more than the clock on the wall.
        seconds = min(time.monotonic() - start, usage.ru_utime + usage.ru_stime)
        return process.returncode, text, seconds, usage.ru_maxrss * 1024

    def breaches(self, case, command, folder):
        """A list of sentences; empty when all is well."""
        places = {"model": os.path.join(folder, "model"), "dir": folder, "out": os.path.join(folder, "out")}
        arguments = [word.format(**places) for word in cases.COMMANDS[command]]
        before = snapshot(folder)
        status, stderr, seconds, peak = self.run(arguments, folder)
        after = snapshot(folder)
        found = []
        if status not in ACCEPTED | REFUSED:
            found.append(f"exit status {status}")
        if case.refuse and status in ACCEPTED:
            found.append("accepted")
        if status != 0:
            found += check_message(stderr, case)
            found += [f"left behind: {name}" for name in sorted(after.keys() - before.keys())]
        found += [f"changed the input: {name}" for name in sorted(before) if after.get(name) != before[name]]
        if seconds > MAX_SECONDS * (5 if self.sanitized else 1):
            found.append(f"took {seconds:.1f} s")
        if peak > MAX_BYTES and not self.sanitized:
            found.append(f"took {peak / 2**20:.0f} MiB")
        for name in after.keys() - before.keys():
            remove(os.path.join(folder, name))
        return found


def check_message(stderr, case):
    text = stderr.decode("utf-8", errors="surrogateescape")
    lines = [line for line in text.split("\n") if line]
    if len(lines) != 1:
        yield f"{len(lines)} lines on standard error instead of one"
    if len(stderr) > MAX_STDERR_BYTES:
        yield f"{len(stderr)} bytes on standard error"
    if any(ord(letter) < 32 and letter != "\n" or 0x7f <= ord(letter) < 0xa0 or 0xdc80 <= ord(letter) <= 0xdcff or
           ord(letter) in range(0x202a, 0x202f) for letter in text):
        yield "control bytes on standard error"
    if not any(name in text for name in case.about):
        yield "names no file of the case (" + ", ".join(case.about) + ")"


def snapshot(folder):
    """Everything below the folder but standard error: name -> what would change if it were touched."""
    found = {}
    for place, folders, files in os.walk(folder):
        for name in folders + files:
            path = os.path.join(place, name)
            status = os.lstat(path)
            relative = os.path.relpath(path, folder)
            if relative != "stderr" and not (name in folders and relative in ("out", "cwd", "model", "adapter", "spm", "gpt2", "bert")):
                found[relative] = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ino)
    return found


def remove(path):
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        os.remove(path)


def prepare(case, folder, base_folder):
    """Links the valid model into folder/model and puts the case's files in place of it."""
    remove(folder)
    for name in ("model", "out", "cwd"):
        os.makedirs(os.path.join(folder, name))
    for name in os.listdir(base_folder):
        os.link(os.path.join(base_folder, name), os.path.join(folder, "model", name))
    beside = {"../text.txt": model.TEXT.encode(), "../recipe.yaml": model.RECIPE.encode(), **model.adapter(), **model.older_tokenizers(),
              "../onnx/model.onnx": onnx.masked(), "../inputs.safetensors": onnx.inputs()}
    for name, content in {**beside, **case.files}.items():
        path = os.path.normpath(os.path.join(folder, "model", name))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        remove(path)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        if content is cases.FIFO:
            os.mkfifo(path)
        elif content is cases.DIRECTORY:
            os.mkdir(path)
        elif isinstance(content, cases.Link):
            os.symlink(content, path)
        elif content is not cases.MISSING:
            with open(path, "wb") as file:
                file.write(content)
