"""A log that the appliance wrote, copied and served by Debian's nginx with the snippet of deploy/: with the same headers as
from the appliance, and verifiers that are not ours accept it over HTTP.
"""

from __future__ import annotations

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from admin.api.log_names import kind_of
from admin.audit.site.page import Operator
from admin.audit.site.showing import PROGRAM, show

NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
pytestmark = [
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed"),
    pytest.mark.timeout(600),  # the first build of the Go checker
]

SNIPPET = Path(__file__).parents[4] / "deploy" / "nginx-log.conf"
MAIN = """\
daemon off;
master_process off;
pid {folder}/nginx.pid;
error_log stderr error;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/a; proxy_temp_path {folder}/b; fastcgi_temp_path {folder}/c;
    uwsgi_temp_path {folder}/d; scgi_temp_path {folder}/e;
    include {folder}/log.conf;
}}
"""


@dataclass
class Server:
    """nginx with one log."""

    port: int
    root: Path

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def get(self, path: str, method: str = "GET", **headers: str) -> tuple[int, dict[str, str], bytes]:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=150)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        link.request(method, path, headers=named)
        answer = link.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        body = answer.read()
        link.close()
        return answer.status, found, body


def answers(port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[Path], Server]]:
    """``serve(folder)``: nginx over this folder, at a port that was free a moment ago."""
    running: list[subprocess.Popen[bytes]] = []

    def start(root: Path) -> Server:
        folder = tmp_path / "nginx"
        folder.mkdir()
        for _ in range(5):
            with socket.create_server(("127.0.0.1", 0)) as sock:
                port = int(sock.getsockname()[1])
            snippet = SNIPPET.read_text().replace("listen 80;", f"listen 127.0.0.1:{port};")
            (folder / "log.conf").write_text(snippet.replace("root /srv/weir-log;", f"root {root};"))
            (folder / "nginx.conf").write_text(MAIN.format(folder=folder))
            process = subprocess.Popen([str(NGINX), "-p", str(folder), "-c", str(folder / "nginx.conf")])
            running.append(process)
            deadline = time.monotonic() + 10
            while process.poll() is None and time.monotonic() < deadline:
                if answers(port):
                    return Server(port, root)
        raise AssertionError("nginx does not start; it says why on standard error")

    yield start
    for process in running:
        process.terminate()
        process.wait(timeout=150)


@pytest.fixture
async def copied(small_box: Any, manifest: Any, snap: str, tmp_path: Path) -> Path:
    """A copy of what a box has written: 300 leaves, two of them states."""
    log = small_box.log()
    await log.start()
    await log.publish(manifest(1), snap)
    for _ in range(300):
        await small_box.happen()
    await log.catch_up()
    await log.publish(manifest(2), snap)
    await log.close()
    show(small_box.place.log, small_box.place.log_page, Operator())
    return Path(shutil.copytree(small_box.place.log, tmp_path / "copy"))


async def test_verifiers_accept_it_over_http(
    copied: Path, serve: Callable[[Path], Server], small_box: Any, go_checker: Callable[..., Any]
) -> None:
    server = serve(copied)
    done = go_checker(server.address, small_box.place.log_vkey)
    assert done.returncode == 0, done.stdout + done.stderr
    _, _, program = server.get("/verify.py")
    assert program == PROGRAM.read_bytes()
    (copied.parent / "verify.py").write_bytes(program)
    at = "2027-01-15T08:01:00+00:00"
    command = [sys.executable, "-I", str(copied.parent / "verify.py"), server.address, "--at", at]
    verified = subprocess.run(
        [*command, "--key", str(small_box.place.log_vkey)],
        capture_output=True,
        text=True,
        check=False,
        timeout=150,
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
    bundle = copied / "tile/entries/000"
    bundle.write_bytes(bundle.read_bytes().replace(b"admin.add", b"admin.del", 1))
    assert go_checker(server.address, small_box.place.log_vkey).returncode == 1


async def test_headers_are_those_of_the_appliance(copied: Path, serve: Callable[[Path], Server]) -> None:
    server = serve(copied)
    names = [str(path.relative_to(copied)) for path in copied.rglob("*") if path.is_file()]
    assert len(names) > 12
    for name in names:
        kind = kind_of(name)
        assert kind is not None, name
        status, headers, body = server.get(f"/{name}")
        assert (status, body) == (200, (copied / name).read_bytes()), name
        assert headers["cache-control"] == kind.cache, name
        assert headers["content-type"].partition(";")[0] == kind.content_type.partition(";")[0], name
        assert headers["access-control-allow-origin"] == "*"
        assert "script-src" not in headers["content-security-policy"]
        again = server.get(f"/{name}", If_None_Match=headers["etag"])
        assert (again[0], again[1]["cache-control"]) == (304, kind.cache), name


async def test_what_is_not_served(copied: Path, serve: Callable[[Path], Server]) -> None:
    server = serve(copied)
    (copied / ".index.html.tmp").write_text("half a page")
    (copied / "policy.txt").unlink()
    (copied / "policy.txt").symlink_to("/etc/passwd")
    for path in ("/nothing", "/tile/", "/cp", "/.index.html.tmp", "/policy.txt", "/%2e%2e/nginx/nginx.conf"):
        status, headers, body = server.get(path)
        assert status in (301, 400, 404), path
        assert b"root:" not in body
        if status == 404:
            assert headers["cache-control"] == "no-store", path
            assert headers["content-type"].startswith("text/plain")
    assert server.get("/checkpoint", "POST")[0] == 405


async def test_languages_and_compression(copied: Path, serve: Callable[[Path], Server]) -> None:
    server = serve(copied)
    assert b'lang="de"' in server.get("/", Accept_Language="de-DE,en;q=0.5")[2]
    assert b'<html lang="en"' in server.get("/", Accept_Language="fr")[2]
    status, headers, _ = server.get("/tile/entries/000", Accept_Encoding="gzip")
    assert (status, headers["content-encoding"]) == (200, "gzip")
    assert headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in server.get("/tile/0/000", Accept_Encoding="gzip")[1]
