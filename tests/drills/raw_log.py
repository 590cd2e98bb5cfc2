"""Reads a hub's raw log after the hub has ended, without the hub's code: libchdb by ctypes, in a process of its own
(the engine can be opened once per process). As a program: raw_log.py LIBRARY FOLDER SQL prints the answer, a line a row."""
import ctypes
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def library():
    """Where libchdb.so is, or None."""
    path = pathlib.Path(os.environ.get("VF_LIBCHDB") or ROOT / "build/libchdb/libchdb.so")
    return path if path.exists() else None


def query(folder, sql):
    """Rows of `sql` as lists of text."""
    words = [sys.executable, "-B", __file__, str(library()), str(folder), sql]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120)
    if done.returncode != 0:
        raise AssertionError(f"the raw log cannot be read: {done.stderr.strip()}")
    return [line.split("\t") for line in done.stdout.splitlines()]


def main(library_file, folder, sql):
    chdb = ctypes.CDLL(library_file)
    chdb.chdb_connect.restype = ctypes.POINTER(ctypes.c_void_p)
    chdb.chdb_query_n.restype = ctypes.c_void_p
    chdb.chdb_query_n.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t]
    for name, answer in (("buffer", ctypes.c_void_p), ("length", ctypes.c_size_t), ("error", ctypes.c_char_p)):
        function = getattr(chdb, "chdb_result_" + name)
        function.argtypes, function.restype = [ctypes.c_void_p], answer
    words = [b"chdb", f"--path={folder}".encode(), f"--config-file={folder}/config.xml".encode()]
    connection = chdb.chdb_connect(len(words), (ctypes.c_char_p * len(words))(*words))
    if not connection:
        sys.exit("the engine does not start")
    text, form = sql.encode(), b"TabSeparated"
    result = chdb.chdb_query_n(connection.contents, text, len(text), form, len(form))
    if error := chdb.chdb_result_error(result):
        sys.exit(error.decode())
    sys.stdout.write(ctypes.string_at(chdb.chdb_result_buffer(result), chdb.chdb_result_length(result)).decode())
    sys.stdout.flush()
    os._exit(0)  # without waiting for the engine's threads


if __name__ == "__main__":
    main(*sys.argv[1:])
