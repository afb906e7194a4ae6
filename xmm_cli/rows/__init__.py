"""The rows that commands pass to each other: their types, and reading and writing them."""
