"""Serves a generated project on the port that is its argument, with a route that increments a row.

Runs with the project's own Python, in its folder. Several of these processes are several machines.
"""

import sys

import uvicorn
from app.api import create_app, include_domain
from app.db import standby
from app.db.ids import Id
from app.db.session import UnitOfWork
from app.items.models import Item
from app.items.routes import Items
from app.settings import read_settings
from fastapi import APIRouter

standby.RETRY = 1  # to save time
routes = APIRouter()


@routes.post("/increment/{item_id}", dependencies=[UnitOfWork])
async def increment(item_id: Id, items: Items) -> None:
    item = await items.session.get_one(Item, item_id, with_for_update=True)
    item.description = str(int(item.description or 0) + 1)


if __name__ == "__main__":
    app = create_app(read_settings())
    include_domain(app, routes)
    uvicorn.run(app, port=int(sys.argv[1]), access_log=False, log_level="warning")
