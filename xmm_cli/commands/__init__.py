"""The commands: one thin file each, loaded by `app` when its name is used."""
