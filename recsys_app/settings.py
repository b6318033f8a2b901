"""Every setting of the service, read once from the environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from recsys_app.access import ApiKey, parse_api_keys
from recsys_app.connection_settings import ConnectionSettings
from recsys_app.errors import ConfigurationError
from recsys_app.kafka_security import KafkaSecurity

ROLES = ("web", "agents", "training")


def _also(name: str, *others: str) -> AliasChoices:
    """Names that platforms use (`KAFKA_URL`) beside our own (`RECSYS_KAFKA_URL`), which wins."""
    return AliasChoices(f"RECSYS_{name}", name, *others)


class Settings(ConnectionSettings):
    """The settings; each is `RECSYS_<NAME>` in the environment, some also `<NAME>` alone.

    The four addresses are those of the embedded servers unless they are set.
    """

    model_config = SettingsConfigDict(
        env_prefix="RECSYS_", frozen=True, extra="ignore", populate_by_name=True
    )

    # Where things are
    home: Path = Path(".recsys")
    port: int = Field(6066, validation_alias=_also("PORT"), ge=0, le=65535)
    host: str = ""
    stack_port: int = Field(26060, ge=1024, le=65000)
    maven_url: str | None = None
    kafka_url: str = Field("", validation_alias=_also("KAFKA_URL"))
    hdfs_url: str = Field("", validation_alias=_also("HDFS_URL"))
    redis_url: str = Field("", validation_alias=_also("REDIS_URL"))
    mongodb_uri: str = Field("", validation_alias=_also("MONGODB_URI", "MONGO_URL"))
    hdfs_rpc_url: str | None = None
    hdfs_user: str = "recsys"
    mongodb_database: str = "recsys"

    # What this process does
    roles: Annotated[frozenset[str], NoDecode] = frozenset(ROLES)
    app_id: str = "recsys"
    topic_prefix: str = ""
    redis_prefix: str = ""
    topic_partitions: int = Field(4, ge=1)
    topic_replication: int = Field(1, ge=1)
    docker_check: bool = False
    docker_url: str | None = None
    debug_pages: bool = False

    # The archive
    archive_root: str = "/ratings"
    archive_flush_rows: int = Field(20_000, ge=1)
    archive_flush_seconds: float = Field(1.0, gt=0)
    hdfs_timeout_seconds: float = Field(10.0, gt=0)
    snapshot_after_files: int = Field(64, ge=1)
    archive_keep_days: float | None = Field(None, ge=0)

    models_root: str = "/models"
    save_seconds: float = Field(60.0, gt=0)

    # Serving
    send_timeout_seconds: float = Field(3.0, gt=0)
    max_ratings_in_flight: int = Field(20_000, ge=1)
    recommendations_ttl_seconds: int = Field(14 * 24 * 3600, ge=1)
    refresh_seconds: float = Field(1.0, gt=0)

    # Training
    train_interval_seconds: float = Field(3600.0, gt=0)
    train_margin: float = Field(0.1, ge=0, le=1)
    train_top_n: int = Field(100, ge=1)
    train_allow_bad_rows: bool = False
    train_parameters: Annotated[dict[str, float], NoDecode] = Field(default_factory=dict)
    diversity: float = Field(0.0, ge=0, le=1)
    spark_master: str = Field("local[*]", validation_alias=_also("SPARK_MASTER"))
    spark_driver_memory: str = "2g"
    spark_archives: str = ""
    spark_conf: Annotated[dict[str, str], NoDecode] = Field(default_factory=dict)

    # Operating
    observe_seconds: float = Field(10.0, gt=0)
    access_log: bool = False
    tracing: bool = False
    failpoints: str = ""
    watch_seconds: float = Field(5.0, gt=0)
    stalled_seconds: float = Field(120.0, gt=0)

    # Walls
    api_keys: SecretStr = SecretStr("")
    requests_per_second_by_key: float = Field(1000.0, ge=0)
    requests_per_second_by_address: float | None = Field(None, ge=0)
    trusted_proxies: int = Field(0, ge=0)
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()

    @field_validator("roles", mode="before")
    @classmethod
    def _roles(cls, value: object) -> object:
        roles = frozenset(value.replace(",", " ").split()) if isinstance(value, str) else value
        if not isinstance(roles, frozenset) or not roles or not roles <= set(ROLES):
            raise ValueError(f"name one or more of {', '.join(ROLES)}")
        return roles

    @field_validator("train_parameters", mode="before")
    @classmethod
    def _parameters(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [pair.partition("=") for pair in value.replace(",", " ").split()]
        if not all(number for _, _, number in pairs):
            raise ValueError("give name=number pairs, such as rank=64 alpha=1")
        return {name: number for name, _, number in pairs}

    @field_validator("spark_conf", mode="before")
    @classmethod
    def _spark_conf(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        pairs = [pair.partition("=") for pair in value.split()]
        if any(not name.startswith("spark.") or not sign for name, sign, _ in pairs):
            raise ValueError("write spark.name=value, several of them with spaces between")
        return {name: setting for name, _, setting in pairs}

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _origins(cls, value: object) -> object:
        origins = tuple(value.replace(",", " ").split()) if isinstance(value, str) else value
        if isinstance(origins, tuple) and "*" in origins:
            raise ValueError("name the origins, such as https://shop.example; * is not allowed")
        return origins

    @property
    def keys(self) -> tuple[ApiKey, ...]:
        """Who may call; with none, whoever is on this machine.

        Raises:
            ConfigurationError: `api_keys` is not as it has to be.
        """
        return parse_api_keys(self.api_keys.get_secret_value())

    @property
    def bind_host(self) -> str:
        """The address to listen on: with keys every one of the machine, without only loopback.

        Raises:
            ConfigurationError: strangers could reach a service without keys.
        """
        if self.keys:
            return self.host or "0.0.0.0"  # noqa: S104  # only who has a key gets past the door
        if self.host not in ("", "127.0.0.1", "::1", "localhost"):
            raise ConfigurationError(
                f"RECSYS_HOST={self.host} would let strangers in: without API keys the service "
                "listens on loopback only. Set RECSYS_API_KEYS, or leave RECSYS_HOST out."
            )
        return self.host or "127.0.0.1"

    @property
    def address_limit(self) -> float:
        """Requests a second that one address may send; by default unlimited without keys."""
        if self.requests_per_second_by_address is not None:
            return self.requests_per_second_by_address
        return 200.0 if self.keys else 0.0

    @property
    def embedded_servers(self) -> tuple[str, ...]:
        """The servers of the embedded stack that this configuration uses."""
        given = {
            "kafka": self.kafka_url,
            "hdfs": self.hdfs_url,
            "redis": self.redis_url,
            "mongo": self.mongodb_uri,
        }
        return tuple(name for name, url in given.items() if not url)

    @property
    def is_all_embedded(self) -> bool:
        """Whether every server is an embedded one, as on a laptop."""
        return len(self.embedded_servers) == 4

    @property
    def kafka(self) -> tuple[str, ...]:
        """Bootstrap servers as `host:port`, whatever separators and schemes they came with."""
        urls = self.kafka_url or f"127.0.0.1:{self.stack_port}"
        parts = urls.replace(";", ",").split(",")
        return tuple(part.strip().partition("://")[2] or part.strip() for part in parts)

    @property
    def hdfs(self) -> str:
        """The WebHDFS address of the NameNode, `http://host:port`."""
        return self.hdfs_url or f"http://127.0.0.1:{self.stack_port + 3}"

    @property
    def redis(self) -> str:
        url = self.redis_url or f"redis://127.0.0.1:{self.stack_port + 7}/0"
        return self.redis_url_with_tls(url, self.certificates)

    @property
    def mongodb(self) -> str:
        uri = self.mongodb_uri or f"mongodb://127.0.0.1:{self.stack_port + 8}"
        return self.mongodb_uri_with_tls(uri, self.certificates)

    @property
    def kafka_security(self) -> KafkaSecurity:
        return self.kafka_security_of(self.kafka_url, self.certificates)

    @property
    def certificates(self) -> Path:
        """Where certificates that came in variables are kept as files."""
        return self.home / "certificates"


def load_settings(**overrides: object) -> Settings:
    """The settings of this process.

    Raises:
        ConfigurationError: a setting has no usable value; the message names each.
    """
    try:
        settings = Settings(**overrides)  # type: ignore[arg-type]  # pydantic checks the values
    except ValidationError as error:
        raise ConfigurationError("; ".join(map(_sentence, error.errors()))) from None
    # What is wrong is told now rather than when the worker starts.
    _ = settings.bind_host, settings.kafka_security, settings.redis, settings.mongodb
    return settings


def _sentence(detail: object) -> str:
    assert isinstance(detail, dict)
    name = ".".join(str(part) for part in detail["loc"]).upper()
    name = name if name.startswith("RECSYS_") else f"RECSYS_{name}"
    secret = any(word in name for word in ("KEYS", "PASSWORD", "TOKEN", "CERTIFICATE"))
    given = "its value" if secret else repr(detail["input"])
    return f"{name}={given} cannot be used: {detail['msg']}"
