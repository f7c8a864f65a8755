"""Search engines and picture lists, a module each: they say what to ask and read what comes back, and fetch nothing."""
