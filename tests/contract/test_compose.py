"""docker-compose.yml and the Dockerfile: parsed and held against what they must say, as no engine runs here."""

import fnmatch
import json
import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.cli.application import COMMANDS
from app.settings import Settings
from app.web.explorer import BUNDLE
from tests.support.supergraph import SUBGRAPHS, SUPERGRAPH

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


@pytest.fixture(scope="module")
def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"\\\n\s*", "", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]


def mounts(service: dict[str, Any]) -> list[tuple[str, str]]:
    """Each mount's source and target, however it is written."""
    written = service.get("volumes", [])
    return [_mount(mount) if isinstance(mount, str) else (mount["source"], mount["target"]) for mount in written]


def _mount(written: str) -> tuple[str, str]:
    # From behind, because a variable in front may hold a colon of its own.
    source, _, target = written.removesuffix(":ro").rpartition(":")
    return source, target


def arguments(instructions: list[tuple[str, str]], word: str) -> list[str]:
    return [rest for name, rest in instructions if name == word]


def commands() -> set[str]:
    return set(COMMANDS)


def test_the_compose_file_holds_three_services_three_in_profiles_and_known_keys(
    compose: dict[str, Any],
) -> None:
    assert {key for key in compose if not key.startswith("x-")} == {"name", "services", "secrets", "volumes"}
    profiles = {name: service.get("profiles") for name, service in compose["services"].items()}
    always = dict.fromkeys(("postgres", "migrate", "service"))
    assert profiles == always | {"manage": ["manage"], "invoices": ["gateway"], "router": ["gateway"]}
    known = {"build", "image", "entrypoint", "command", "environment", "read_only", "cap_drop", "security_opt"}
    known |= {"volumes", "healthcheck", "restart", "depends_on", "ports", "profiles"}
    known |= {"deploy", "secrets", "stop_grace_period", "tmpfs"}
    for service in compose["services"].values():
        assert set(service) <= known


def test_every_named_volume_is_declared(compose: dict[str, Any]) -> None:
    sources = {source for service in compose["services"].values() for source, _ in mounts(service)}
    # A folder takes the place of the volume `config` where CONFIG_FOLDER names one.
    assert "${CONFIG_FOLDER:-config}" in sources
    assert {
        source.removeprefix("${CONFIG_FOLDER:-").removesuffix("}") for source in sources if "/" not in source
    } == set(compose["volumes"])


def test_every_file_that_is_mounted_is_there_or_made_by_a_command_that_is_named(compose: dict[str, Any]) -> None:
    files = [source for service in compose["services"].values() for source, _ in mounts(service) if "/" in source]
    assert len(files) == 3
    for file in files:
        assert (ROOT / file).exists() or (ROOT / file) == SUPERGRAPH
    assert "make supergraph" in (ROOT / "docker-compose.yml").read_text()


def test_the_router_asks_the_subgraphs_where_they_listen_with_the_credential(
    compose: dict[str, Any],
) -> None:
    config = yaml.safe_load((ROOT / "examples/router/router.config.yaml").read_text())
    targets = [target for _, target in mounts(compose["services"]["router"])]
    assert targets == ["/app/router.config.yaml", config["supergraph"]["path"]]
    assert config["headers"] == {"all": {"request": [{"propagate": {"named": "authorization"}}]}}
    assert config["traffic_shaping"]["all"]["dedupe_enabled"] is False
    assert "--port=8001" in compose["services"]["invoices"]["command"]
    assert SUBGRAPHS == {"SERVICE_URL": "http://service:8000/graphql", "EXAMPLE_URL": "http://invoices:8001/graphql"}


def test_every_image_has_a_version_and_those_that_were_seen_a_digest(
    compose: dict[str, Any], instructions: list[tuple[str, str]]
) -> None:
    images = [service["image"] for service in compose["services"].values() if "build" not in service]
    images += [stage.partition(" AS ")[0] for stage in arguments(instructions, "FROM")]
    pinned = [image for image in images if re.fullmatch(r"\w+:\d+\.\d+[\w.-]*@sha256:[0-9a-f]{64}", image)]
    # Nobody could ask its registry for the digest of the router's image; its tag names one release.
    assert [image for image in images if image not in pinned] == ["ghcr.io/graphql-hive/router:0.2.19"]


def test_the_database_is_postgresql_18_and_is_checked_over_tcp(compose: dict[str, Any]) -> None:
    postgres = compose["services"]["postgres"]
    assert postgres["image"].startswith("postgres:18.")
    assert postgres["healthcheck"]["test"][:3] == ["CMD", "pg_isready", "--host=127.0.0.1"]
    assert postgres["volumes"] == ["postgres:/var/lib/postgresql"]
    assert "ports" not in postgres


def test_migrations_run_once_after_the_database_is_healthy_and_before_the_service(compose: dict[str, Any]) -> None:
    migrate, service = compose["services"]["migrate"], compose["services"]["service"]
    assert migrate["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert compose["services"]["manage"] | {"command": ["migrate"]} == migrate | {"profiles": ["manage"]}
    assert migrate["restart"] == "no"
    assert migrate["healthcheck"] == {"disable": True}
    assert service["depends_on"]["postgres"] == {"condition": "service_healthy"}
    assert service["depends_on"]["migrate"] == {"condition": "service_completed_successfully"}


def test_the_service_is_ready_when_its_database_is(compose: dict[str, Any]) -> None:
    test = compose["services"]["service"]["healthcheck"]["test"]
    assert test[:3] == ["CMD", "python", "-c"]
    assert "http://127.0.0.1:8000/readyz" in test[3]
    compile(test[3], "healthcheck", "exec")


def test_the_service_runs_with_nothing_that_it_does_not_need(compose: dict[str, Any]) -> None:
    for name in ("migrate", "manage", "service", "invoices", "router"):
        service = compose["services"][name]
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]


def test_only_the_service_and_the_router_listen_and_only_on_loopback(compose: dict[str, Any]) -> None:
    assert compose["services"]["service"]["ports"] == ["127.0.0.1:${PORT:-8000}:8000"]
    assert compose["services"]["router"]["ports"] == ["127.0.0.1:${ROUTER_PORT:-4000}:4000"]
    for name in ("migrate", "manage", "invoices"):
        assert "ports" not in compose["services"][name]


def test_the_service_never_sees_the_owner_s_password(compose: dict[str, Any]) -> None:
    services = compose["services"]
    assert "OWNER_DATABASE_URL" in services["migrate"]["environment"]
    for name in ("service", "invoices", "router"):
        for word in ("POSTGRES_PASSWORD", "postgres_password", "OWNER"):
            assert word not in str(services[name])
    for name in ("invoices", "router"):
        assert "PASSWORD" not in str(services[name])


def test_every_password_comes_from_a_variable_or_a_file_and_none_is_written_out(compose: dict[str, Any]) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert not re.search(r"://\w+:[^@/]+@", text)
    for service, prefix, source in (
        ("postgres", "POSTGRES_PASSWORD", "POSTGRES_PASSWORD"),
        ("migrate", "OWNER_DATABASE_PASSWORD", "POSTGRES_PASSWORD"),
        ("migrate", "DATABASE_PASSWORD", "SERVICE_PASSWORD"),
        ("service", "DATABASE_PASSWORD", "SERVICE_PASSWORD"),
    ):
        declared, secret = compose["services"][service], source.lower()
        assert declared["environment"][prefix] == f"${{{source}:-}}"
        assert declared["environment"][f"{prefix}_FILE"] == f"${{{source}_FILE:+/run/secrets/{secret}}}"
        assert secret in declared["secrets"]
        # Where there is no file, an empty one is mounted, which nothing reads.
        assert compose["secrets"][secret] == {"file": f"${{{source}_FILE:-/dev/null}}"}


def test_every_setting_is_passed_through_and_every_command_exists(compose: dict[str, Any]) -> None:
    services = compose["services"]
    settings = {name.upper() for name in Settings.model_fields}
    for name in ("migrate", "service"):
        assert set(services[name]["environment"]) <= settings
        assert services[name]["command"][0] in commands()
    passed = services["service"]["environment"]
    owner = {name for name in settings if name.startswith("OWNER_")}
    # Where the service listens is the image's business, and the URL holds no password here.
    assert set(passed) == settings - owner - {"HOST", "PORT", "DATABASE_URL_FILE"}
    for name, value in passed.items():
        if not name.startswith("DATABASE_URL") and "PASSWORD" not in name:
            assert value == f"${{{name}:-}}"


def test_the_engine_waits_longer_than_the_service_takes_to_drain(compose: dict[str, Any]) -> None:
    default = re.fullmatch(r"\$\{STOP_GRACE_PERIOD:-(\d+)s\}", compose["services"]["service"]["stop_grace_period"])
    assert default is not None
    assert int(default[1]) > Settings().request_timeout_seconds + 5


def test_every_process_of_ours_has_a_limit_of_memory_and_processors(compose: dict[str, Any]) -> None:
    for service in compose["services"].values():
        if "build" in service:
            assert service["deploy"] == {"resources": {"limits": {"cpus": "${CPUS:-2}", "memory": "${MEMORY:-1g}"}}}


def test_several_workers_have_a_folder_for_their_metrics(compose: dict[str, Any]) -> None:
    assert compose["services"]["service"]["tmpfs"] == ["/tmp:size=64m,mode=1777"]  # noqa: S108 - in the container


def test_the_image_is_built_from_one_slim_python_in_two_stages(instructions: list[tuple[str, str]]) -> None:
    stages = [stage.partition(" AS ")[0] for stage in arguments(instructions, "FROM") if stage.startswith("python:")]
    assert len(stages) == 2
    assert len(set(stages)) == 1
    version = re.match(r"python:3\.(\d+)\.\d+-slim\b", stages[0])
    assert version is not None
    assert int(version[1]) >= 11


def test_the_image_holds_the_explorer_built_by_a_node_that_stays_behind(instructions: list[tuple[str, str]]) -> None:
    name, _, stage = arguments(instructions, "FROM")[0].partition(" AS ")
    version = re.match(r"node:(\d+)\.[\w.-]+-slim@", name)
    assert (version is not None, stage) == (True, "explorer")
    steps = arguments(instructions, "RUN")
    assert steps[0].startswith("npm ci --ignore-scripts ")
    assert steps[1] == "npm run build"
    # From where vite.config.js puts it, seen from the stage's folder, to where the service looks for it.
    config = (ROOT / "explorer" / "vite.config.js").read_text()
    built = re.search(r'outDir: "\.\./([^"]+)"', config)
    assert built is not None
    assert ROOT / built[1] == BUNDLE
    assert arguments(instructions, "WORKDIR")[0] == "/build/explorer"
    assert f"--from=explorer /build/{built[1]} {built[1]}" in arguments(instructions, "COPY")


def test_the_image_installs_the_wheel_and_hashed_dependencies_alone(instructions: list[tuple[str, str]]) -> None:
    steps = [step.strip() for line in arguments(instructions, "RUN") for step in line.split("&&")]
    installs = [step.partition(" install ")[2] for step in steps if "/pip install" in step]
    assert installs == [
        "--require-hashes --requirement requirements/service.txt",
        "--require-hashes --requirement requirements/build.txt",
        "--no-deps wheel/*.whl",
    ]
    assert "/opt/build/bin/hatchling build --target wheel --directory wheel" in steps
    # The last stage holds the environment, and no compiler, source or build tool beside it.
    words = [word for word, _ in instructions]
    last = instructions[len(words) - words[::-1].index("FROM") :]
    assert [rest for word, rest in last if word == "COPY"] == ["--from=service /opt/service /opt/service"]


def test_the_image_runs_as_an_unprivileged_user(instructions: list[tuple[str, str]]) -> None:
    words = [word for word, _ in instructions]
    assert arguments(instructions, "USER") == ["10001"]
    assert "useradd --system --uid 10001" in arguments(instructions, "RUN")[-1]
    assert words.index("USER") < words.index("ENTRYPOINT")
    assert "RUN" not in words[words.index("USER") :]


def test_the_image_is_healthy_while_its_process_is(instructions: list[tuple[str, str]]) -> None:
    (healthcheck,) = arguments(instructions, "HEALTHCHECK")
    program, flag, code = json.loads(healthcheck.partition("CMD ")[2])
    assert (program, flag) == ("python", "-c")
    assert "/livez" in code
    compile(code, "healthcheck", "exec")


def test_the_image_starts_with_a_command_that_exists(instructions: list[tuple[str, str]]) -> None:
    assert arguments(instructions, "ENTRYPOINT") == ['["customer-gateway"]']
    (command,) = arguments(instructions, "CMD")
    assert set(json.loads(command)) <= commands()


def test_every_environment_variable_of_the_image_is_python_s_or_a_setting(instructions: list[tuple[str, str]]) -> None:
    (_, environment) = arguments(instructions, "ENV")
    names = {part.partition("=")[0] for part in shlex.split(environment)}
    assert names <= {name.upper() for name in Settings.model_fields} | {
        "PATH",
        "PYTHONDONTWRITEBYTECODE",
        "PYTHONUNBUFFERED",
    }


def test_everything_that_the_image_copies_is_there_and_is_sent_to_the_engine(
    instructions: list[tuple[str, str]],
) -> None:
    allowed = [line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")]
    copies = [line.split()[:-1] for line in arguments(instructions, "COPY") if not line.startswith("--from")]
    sources = [source for copied in copies for source in copied]
    assert sources
    for source in sources:
        assert (ROOT / source).exists()
        assert any(fnmatch.fnmatch(source, pattern) or source.startswith(f"{pattern}/") for pattern in allowed)
