"""Python imports this at its start: 64 CPUs, as a container sees them on a large machine."""

import os

os.cpu_count = lambda: 64
