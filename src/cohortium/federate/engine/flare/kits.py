"""FLARE's folders for a server and a site, with its unsafe defaults changed.

What is changed : no job is ever accepted (every right of every role is "none", and no administrator certificate
exists), so no code travels; the only classes that may be built are FLARE's own few and our relays; state lies in the
folder itself, not in a shared temporary one; a silent site is missed after 30 s, not 600; no log goes to the hub.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import Any

PROJECT = "cohortium"
HEARTBEAT_S = 5.0
MISSED_AFTER_S = 30
Part = tuple[str, str, dict[str, Any]]
RIGHTS = ("submit_job", "clone_job", "manage_job", "download_job", "view", "operate", "shell_commands", "byoc")
_SERVER_PARTS: tuple[Part, ...] = (
    ("job_scheduler", "nvflare.app_common.job_schedulers.job_scheduler.DefaultJobScheduler", {"max_jobs": 1}),
    ("job_store", "nvflare.app_common.storages.filesystem_storage.FilesystemStorage", {}),
    ("process_launcher", "nvflare.app_common.job_launcher.server_process_launcher.ServerProcessJobLauncher", {}),
)
_SITE_PARTS: tuple[Part, ...] = (
    (
        "resource_manager",
        "nvflare.app_common.resource_managers.gpu_resource_manager.GPUResourceManager",
        {"num_of_gpus": 0, "mem_per_gpu_in_GiB": 0, "expiration_period": 300},
    ),
    ("resource_consumer", "nvflare.app_common.resource_consumers.gpu_resource_consumer.GPUResourceConsumer", {}),
    ("process_launcher", "nvflare.app_common.job_launcher.client_process_launcher.ClientProcessJobLauncher", {}),
)
HUB_RELAY = "cohortium.federate.engine.flare.hub_relay.HubRelay"
SITE_RELAY = "cohortium.federate.engine.flare.site_relay.SiteRelay"


def server_kit(folder: Path, *, port: int, key: Path, certificate: bytes, authority: bytes, socket: Path) -> None:
    """The folder of FLARE's server, made anew; ``socket`` is where our hub talks to the relay in it."""
    storage = folder / "storage"
    server = {
        "name": PROJECT,
        "service": {"target": f"localhost:{port}", "scheme": "grpc"},
        "admin_server": "localhost",
        "admin_port": port,
        "ssl_private_key": "server.key",
        "ssl_cert": "server.crt",
        "ssl_root_cert": "rootCA.pem",
        "connection_security": "mtls",
    }
    _startup(folder, "server", {"format_version": 2, "servers": [server]}, key, certificate, authority)
    parts = [
        *_SERVER_PARTS,
        (
            "job_manager",
            "nvflare.apis.impl.job_def_manager.SimpleJobDefManager",
            {"uri_root": str(storage / "jobs"), "job_store_id": "job_store"},
        ),
        ("cohortium_hub_relay", HUB_RELAY, {"socket": str(socket)}),
    ]
    snapshots = {
        "path": "nvflare.app_common.state_persistors.storage_state_persistor.StorageStatePersistor",
        "args": {
            "uri_root": "/",
            "storage": {
                "path": "nvflare.app_common.storages.filesystem_storage.FilesystemStorage",
                "args": {"root_dir": str(storage / "snapshots"), "uri_root": "/"},
            },
        },
    }
    _local(
        folder,
        parts,
        {
            "servers": [
                {
                    "admin_storage": "transfer",
                    "max_num_clients": 1000,
                    "heart_beat_timeout": MISSED_AFTER_S,
                    "admin_timeout": 10.0,
                }
            ],
            "snapshot_persistor": snapshots,
        },
    )


def site_kit(
    folder: Path,
    *,
    site: str,
    hub: str,
    server_name: str,
    key: Path,
    certificate: bytes,
    authority: bytes,
    socket: Path,
) -> None:
    """The folder of FLARE's client at a site, made anew; ``hub`` is ``host:port``, our worker listens at ``socket``."""
    client = {
        "format_version": 2,
        "servers": [{"name": PROJECT, "service": {"target": hub, "scheme": "grpc"}, "identity": server_name}],
        "client": {
            "ssl_private_key": "client.key",
            "ssl_cert": "client.crt",
            "ssl_root_cert": "rootCA.pem",
            "fqsn": site,
            "is_leaf": True,
            "connection_security": "mtls",
        },
    }
    _startup(folder, "client", client, key, certificate, authority)
    parts = [*_SITE_PARTS, ("cohortium_site_relay", SITE_RELAY, {"socket": str(socket)})]
    _local(folder, parts, {"allow_log_streaming": False, "client": {"retry_timeout": 30, "compression": "None"}})


def server_command(folder: Path) -> list[str]:
    """What starts FLARE's server."""
    module = "nvflare.private.fed.app.server.server_train"
    return [sys.executable, "-u", "-m", module, "-m", str(folder), "-s", "fed_server.json",
            "--set", "secure_train=true", "org=hub", "config_folder=config"]  # fmt: skip


def site_command(folder: Path, site: str) -> list[str]:
    """What starts FLARE's client at a site."""
    module = "nvflare.private.fed.app.client.client_train"
    return [sys.executable, "-u", "-m", module, "-m", str(folder), "-s", "fed_client.json",
            "--set", "secure_train=true", f"uid={site}", f"org={site}", "config_folder=config",
            f"heart_beat_interval={HEARTBEAT_S}"]  # fmt: skip


def _startup(folder: Path, what: str, config: dict[str, Any], key: Path, certificate: bytes, authority: bytes) -> None:
    startup = folder / "startup"
    shutil.rmtree(folder, ignore_errors=True)
    startup.mkdir(parents=True, mode=0o700)
    (folder / "transfer").mkdir()
    _write(startup / f"fed_{what}.json", config)
    (startup / f"{what}.key").symlink_to(key.resolve())
    (startup / f"{what}.crt").write_bytes(certificate)
    (startup / "rootCA.pem").write_bytes(authority)


def _local(folder: Path, parts: list[Part], more: dict[str, Any]) -> None:
    local = folder / "local"
    local.mkdir()
    components = [{"id": name, "path": path, "args": args} for name, path, args in parts]
    allowed = sorted({path for _, path, _ in parts})
    resources = {
        "format_version": 2,
        "class_list_enforcement_mode": "enforce",
        "class_allow_list": allowed,
        **more,
        "components": components,
    }
    _write(local / "resources.json", resources)
    nothing = dict.fromkeys(RIGHTS, "none")
    roles = ("project_admin", "org_admin", "lead", "member")
    _write(local / "authorization.json", {"format_version": "1.0", "permissions": dict.fromkeys(roles, nothing)})
    _write(local / "log_config.json", _logging())


def _logging() -> dict[str, Any]:
    """Warnings to standard output, which our supervisor keeps; no files of FLARE's own."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "baseFormatter": {
                "()": "nvflare.fuel.utils.log_utils.BaseFormatter",
                "fmt": "%(asctime)s - %(name)s - %(levelname)s - %(message)s",
            }
        },
        "handlers": {
            "consoleHandler": {
                "class": "logging.StreamHandler",
                "level": "INFO",
                "formatter": "baseFormatter",
                "stream": "ext://sys.stdout",
            }
        },
        "loggers": {"root": {"level": "INFO", "handlers": ["consoleHandler"]}},
    }


def _write(path: Path, plain: dict[str, Any]) -> None:
    path.write_text(json.dumps(plain, indent=2) + "\n", "utf-8")
