"""The settings of the service, as a dependency of routes."""

from typing import Annotated

from fastapi import Depends, Request

from app.settings import Settings


async def get_settings(request: Request) -> Settings:
    settings: Settings = request.state.settings
    return settings


SettingsDep = Annotated[Settings, Depends(get_settings)]
