"""Tools for work on the service. The image does not contain them."""
