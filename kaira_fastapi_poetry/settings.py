"""Every environment variable that the application reads, typed.

A variable comes from the environment, else from `.env` in the working directory, else it
has the default given here. An empty value counts as none.
"""

from __future__ import annotations

import ipaddress
import re
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_HOST = re.compile(r"\*|(\*\.)?[a-z0-9]([a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\]", re.ASCII)


class SettingsError(Exception):
    """A variable has a value that it cannot have; the message is one line for the operator."""


def _split(value: object) -> object:
    return [part.strip() for part in value.split(",")] if isinstance(value, str) else value


def _hosts(value: tuple[str, ...]) -> tuple[str, ...]:
    names = tuple(name.lower() for name in value)
    if not all(_HOST.fullmatch(name) for name in names):
        raise ValueError
    return names


def _networks(value: tuple[str, ...]) -> tuple[str, ...]:
    for network in value:
        if network != "*":
            ipaddress.ip_network(network, strict=False)
    return value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


class Settings(BaseSettings):
    """The settings of one application. A field's description says what it takes."""

    model_config = SettingsConfigDict(
        env_file=".env", env_ignore_empty=True, extra="ignore", frozen=True, case_sensitive=False
    )

    environment: Annotated[
        Literal["development", "test", "production"], BeforeValidator(_lower)
    ] = Field("development", description="development, test or production")
    debug: bool = Field(False, description="true or false")
    host: str = Field(
        "127.0.0.1", pattern=r"^[0-9A-Za-z.:_-]+$", description="a host name or an IP address"
    )
    port: int = Field(8000, ge=0, le=65535, description="a whole number from 0 to 65535")
    site_dir: Path = Field(Path("kaira-1.0.0"), description="the folder of a site")
    log_level: Annotated[
        Literal["debug", "info", "warning", "error", "critical"], BeforeValidator(_lower)
    ] = Field("info", description="debug, info, warning, error or critical")
    log_format: Annotated[Literal["console", "json"] | None, BeforeValidator(_lower)] = Field(
        None, description="console or json"
    )
    access_log: bool = Field(False, description="true or false")
    allowed_hosts: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_hosts)
    ] = Field(("*",), description='host names with commas between them, "*.name" or "*"')
    forwarded_allow_ips: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_networks)
    ] = Field(
        ("127.0.0.1", "::1"), description='addresses or networks with commas between them, or "*"'
    )
    web_concurrency: int | None = Field(
        None, ge=1, le=256, description="a whole number from 1 to 256"
    )
    release: str = Field(
        "dev",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,127}$",
        description="up to 128 letters, digits and ._+-",
    )

    @property
    def json_logs(self) -> bool:
        """Whether log lines are JSON: as `LOG_FORMAT` says, else in production only."""
        if self.log_format is None:
            return self.environment == "production"
        return self.log_format == "json"


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; `overrides` stand above the environment.

    Raises SettingsError, which names the first variable in question, what it got and what
    it takes.
    """
    try:
        return Settings(**overrides)
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0])
        got, takes = first["input"], Settings.model_fields[name].description
        got = ",".join(got) if isinstance(got, list) else got
        raise SettingsError(f"{name.upper()}: got {str(got)!r}, takes {takes}") from None
