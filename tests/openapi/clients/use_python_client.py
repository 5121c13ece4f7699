"""Makes requests with the client that openapi-python-client has generated: ADDRESS."""

import sys
from importlib import import_module
from uuid import uuid4

from service_client import AuthenticatedClient, Client
from service_client.api.archive import archive_export
from service_client.api.items import create_item, delete_item, list_items, read_item
from service_client.api.notes import notes_export
from service_client.models import ItemCreate, ItemRead, PageItemRead, Problem, ValidationProblem

PASSWORD = "a long passphrase"


def sign_in(address: str) -> Client | AuthenticatedClient:
    """A client with a token if the service has users."""
    client = Client(base_url=address)
    try:
        auth = import_module("service_client.api.auth")
    except ModuleNotFoundError:
        return client
    models = import_module("service_client.models")
    for name in ("register", "sign_in_with_bearer_token"):
        import_module(f"{auth.__name__}.{name}")
    email = f"{uuid4()}@example.com"
    account = models.Registration(email=email, password=PASSWORD)
    registered = auth.register.sync_detailed(client=client, body=account)
    assert registered.status_code == 201, registered
    credentials = models.Credentials(username=email, password=PASSWORD)
    token = auth.sign_in_with_bearer_token.sync(client=client, body=credentials)
    assert isinstance(token, models.BearerResponse), token
    return AuthenticatedClient(base_url=address, token=token.access_token)


client = sign_in(sys.argv[1])

created = create_item.sync_detailed(client=client, body=ItemCreate(name="Lamp"))
assert created.status_code == 201, created
item = created.parsed
assert isinstance(item, ItemRead), created
assert read_item.sync(item.id, client=client) == item

page = list_items.sync(client=client, limit=1)
assert isinstance(page, PageItemRead), page
assert (page.items, page.next_) == ([item], None)

taken = create_item.sync(client=client, body=ItemCreate(name="Lamp"))
assert isinstance(taken, Problem), taken
assert taken.status == 409

invalid = create_item.sync(client=client, body=ItemCreate(name=""))
assert isinstance(invalid, ValidationProblem), invalid
assert invalid.errors[0].loc == ["body", "name"]

assert delete_item.sync_detailed(item.id, client=client).status_code == 204
missing = read_item.sync(item.id, client=client)
assert isinstance(missing, Problem), missing
assert missing.status == 404

assert archive_export.sync(client=Client(base_url=sys.argv[1])) == []
assert notes_export.sync(client=Client(base_url=sys.argv[1])) == []
print("ok")
