"""Settings from the environment, validated once; read by the composition root alone."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url


class Settings(BaseSettings):
    """What `gemensam serve` can be told: GEMENSAM_<NAME> in the environment, or an option."""

    model_config = SettingsConfigDict(env_prefix="GEMENSAM_", extra="ignore")

    data: Path = Field(default=Path("gemensam-data"), description="folder that keeps everything")
    database_url: str = Field(default="", description="SQLAlchemy URL; SQLite in the data folder when empty")
    grpc_address: str = "127.0.0.1:7400"
    web_address: str = Field(default="127.0.0.1:7480", description="empty: no web face")
    kafka_bootstrap: str = ""
    json_logs: bool = False
    slow_reader_seconds: float = Field(default=30.0, gt=0)
    stream_seconds: float = Field(default=1800.0, gt=0)

    def url(self) -> str:
        """The database to use; makes the data folder when it is there."""
        if self.database_url:
            return self.database_url
        self.data.mkdir(parents=True, exist_ok=True)
        return f"sqlite:///{self.data.resolve()}/gemensam.db"

    def redacted(self) -> dict[str, str]:
        """The settings as they may be shown: no password."""
        shown = {key: str(value) for key, value in self.model_dump().items()}
        if self.database_url:
            shown["database_url"] = make_url(self.database_url).render_as_string(hide_password=True)
        return shown
