"""For schemathesis: an address that may have mail is not just any that fits `format: email`."""

import schemathesis
from hypothesis import strategies

schemathesis.openapi.format("email", strategies.uuids().map("{}@example.com".format))
