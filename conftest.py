"""Read by pytest before any other: no garbage is collected while it imports and collects."""

import gc

gc.disable()  # walks over what imports made find nothing and cost a fifth of the time; see tests/
