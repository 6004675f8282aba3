"""Settings from the environment, validated once; read by the composition root alone."""

from pathlib import Path
from typing import Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from registry.errors import NotFound


class Settings(BaseSettings):
    """What `gemensam serve` can be told: GEMENSAM_<NAME> in the environment, or an option."""

    model_config = SettingsConfigDict(env_prefix="GEMENSAM_", extra="ignore")

    data: Path = Field(default=Path("gemensam-data"), description="folder that keeps everything")
    database_url: str = Field(default="", description="SQLAlchemy URL; SQLite in the data folder when empty")
    grpc_address: str = "127.0.0.1:7400"
    web_address: str = Field(default="127.0.0.1:7480", description="empty: no web face")
    certificate_address: str = Field(default="", description="a second gRPC address, where clients show a certificate")
    trust: Path | None = Field(default=None, description="file that says whom to trust, and the server's certificate")
    identity: Literal["loopback", "required"] = Field(
        default="loopback", description="loopback: on a loopback address without TLS, nobody needs a credential"
    )
    operators: str = Field(default="", description="principals who keep the registry, separated by commas")
    reflection: bool = Field(default=True, description="whether others may ask what methods there are, on loopback")
    calls_per_second: float = Field(default=500.0, gt=0, description="of a principal; for an organisation twice that")
    calls_under_way: int = Field(default=200, gt=0, description="of a principal")
    streams: int = Field(default=100, gt=0, description="of a principal")
    kafka_bootstrap: str = Field(default="", description="host:port,...; empty: nothing is announced on Kafka")
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_SSL"] = "PLAINTEXT"
    kafka_allow_plaintext: bool = Field(default=False, description="also over a network, for networks of one's own")
    kafka_ca: Path | None = Field(default=None, description="certificates that brokers are trusted by")
    kafka_certificate: Path | None = None
    kafka_key: Path | None = None
    kafka_user: str = Field(default="", description="for SASL_SSL, by SCRAM-SHA-512")
    kafka_password: SecretStr = SecretStr("")
    signing_key: Path | None = Field(
        default=None, description="signs checkpoints; else one in the data folder, unless there is a database_url"
    )
    json_logs: bool = False
    slow_reader_seconds: float = Field(default=30.0, gt=0)
    stream_seconds: float = Field(default=1800.0, gt=0)

    def url(self, *, existing: bool = False) -> str:
        """The database to use; makes the data folder, or with `existing` refuses when nothing is kept there.

        Errors: NotFound.
        """
        if self.database_url:
            return self.database_url
        file = self.data.resolve() / "gemensam.db"
        if existing and not file.is_file():
            raise NotFound("RESOURCE_NOT_FOUND", f"There is no store in the folder {self.data}.", name=self.data)
        file.parent.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{file}"

    def redacted(self) -> dict[str, str]:
        """The settings as they may be shown: no password."""
        from sqlalchemy.engine import make_url  # noqa: PLC0415 - takes half a second, and clients never need it

        shown = {key: str(value) for key, value in self.model_dump().items()}
        if self.database_url:
            shown["database_url"] = make_url(self.database_url).render_as_string(hide_password=True)
        return shown
